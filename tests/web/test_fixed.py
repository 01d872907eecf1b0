"""What is alike for all readers of a language is rendered once."""

from django.template import Context, Template
from django.utils import translation

from valija.web.templatetags import valija


def test_each_language_and_each_value_has_its_own() -> None:
    page = Template(
        "{% load i18n valija %}{% fixed theme %}{% translate 'Save' %} {{ theme }} {{ other }}{% endfixed %}"
    )
    with translation.override("es"):
        assert page.render(Context({"theme": "dark", "other": 1})) == "Guardar dark 1"
        assert page.render(Context({"theme": "dark", "other": 2})) == "Guardar dark 1"
        assert page.render(Context({"theme": "light", "other": 2})) == "Guardar light 2"
    with translation.override("fr"):
        assert page.render(Context({"theme": "dark", "other": 3})) == "Enregistrer dark 3"


def test_it_keeps_a_bounded_number_of_texts() -> None:
    page = Template("{% load valija %}{% fixed number %}{{ number }}{% endfixed %}")
    for number in range(2 * valija.MOST_KEPT + 1):
        assert page.render(Context({"number": number})) == str(number)
    node = page.nodelist.get_nodes_by_type(valija.Fixed)[0]
    assert isinstance(node, valija.Fixed)
    assert len(node.kept) <= valija.MOST_KEPT


def test_words_of_people_stay_escaped() -> None:
    page = Template("{% load valija %}{% fixed query %}{{ query }}{% endfixed %}")
    assert page.render(Context({"query": "?q=<b>"})) == "?q=&lt;b&gt;"

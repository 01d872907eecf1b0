"""The site map: every page there is."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from valija.web import (
    account,
    activation,
    address,
    billing,
    bulk,
    domains,
    holders,
    home,
    journal,
    license_page,
    licensing,
    methods,
    preferences,
    provider,
    quantities,
    sign_in,
    test_payment,
    tokens,
    user,
    users,
)


def healthy(request: HttpRequest) -> HttpResponse:
    """Whether this process answers."""
    return HttpResponse("ok", content_type="text/plain")


urlpatterns = [
    path("healthz", healthy, name="healthz"),
    path("", home.home, name="home"),
    # Signing in
    path("sign-in", sign_in.show_sign_in, name="show_sign_in"),
    path("sign-in/request", sign_in.request_sign_in, name="request_sign_in"),
    path("sign-in/code", sign_in.sign_in_with_code, name="sign_in_with_code"),
    path("sign-in/link", sign_in.sign_in_with_link, name="sign_in_with_link"),
    path("sign-out", sign_in.sign_out, name="sign_out"),
    # Choices that stand on every page
    path("language", preferences.set_language, name="set_language"),
    path("theme", preferences.set_theme, name="set_theme"),
    path("notice/dismiss", preferences.dismiss_flash, name="dismiss_flash"),
    # My account
    path("account", account.account_page, name="account_page"),
    path("account/details", account.change_own_details, name="change_own_details"),
    path("account/devices/<uuid:activation_id>/end", account.deactivate_license, name="deactivate_license"),
    path("account/sessions/end-others", account.end_other_sessions, name="end_other_sessions"),
    path("account/sessions/<str:key>/end", account.end_session, name="end_session"),
    # Activating in the browser
    path("activate", activation.activate_page, name="activate_page"),
    path("app", activation.app_page, name="app_page"),
    path("app.webmanifest", activation.app_manifest, name="app_manifest"),
    path("app-sw.js", activation.app_worker, name="app_worker"),
    # The journal
    path("journal", journal.account_journal, name="account_journal"),
    path("journal/mine", journal.own_journal, name="own_journal"),
    path("journal/entries/<uuid:entry_id>", journal.journal_entry, name="journal_entry"),
    path("users/<uuid:user_id>/journal", journal.user_journal, name="user_journal"),
    # Users and their licenses
    path("users", users.users, name="users"),
    path("users/add", users.add_user, name="add_user"),
    path("users/bulk", bulk.bulk_acts, name="bulk_acts"),
    path("users/bulk/plan", bulk.plan_bulk_act, name="plan_bulk_act"),
    path("users/bulk/<uuid:act_id>", bulk.bulk_act, name="bulk_act"),
    path("users/bulk/<uuid:act_id>/apply", bulk.apply_bulk_act, name="apply_bulk_act"),
    path("users/bulk/<uuid:act_id>/undo", bulk.undo_bulk_act, name="undo_bulk_act"),
    path("users/bulk/<uuid:act_id>/discard", bulk.discard_bulk_act, name="discard_bulk_act"),
    path("users/bulk/<uuid:act_id>/buy", bulk.buy_for_bulk_act, name="buy_for_bulk_act"),
    path("users/move", bulk.domain_move, name="domain_move"),
    path("users/<uuid:user_id>", user.user, name="user"),
    path("users/<uuid:user_id>/change", user.change_user, name="change_user"),
    path("users/<uuid:user_id>/address", user.request_address_change, name="request_address_change"),
    path("users/<uuid:user_id>/address/cancel", user.cancel_address_change, name="cancel_address_change"),
    path("users/<uuid:user_id>/deactivate", user.deactivate_user, name="deactivate_user"),
    path("users/<uuid:user_id>/restore", user.restore_user, name="restore_user"),
    path("users/<uuid:user_id>/deletion", user.deletion, name="deletion"),
    path("users/<uuid:user_id>/delete", user.delete_user, name="delete_user"),
    path("address/confirm", address.address_change, name="address_change"),
    path("address/confirmed", address.confirm_address_change, name="confirm_address_change"),
    path("users/<uuid:user_id>/license", licensing.user_license, name="user_license"),
    path("users/<uuid:user_id>/license/assign", licensing.assign_license, name="assign_license"),
    path("users/<uuid:user_id>/license/modify", licensing.modify_license, name="modify_license"),
    path("users/<uuid:user_id>/license/withdraw", licensing.withdraw_license, name="withdraw_license"),
    path("users/<uuid:user_id>/license/send", licensing.send_activation, name="send_activation"),
    path("users/<uuid:user_id>/license/receivers", licensing.license_receivers, name="license_receivers"),
    path("users/<uuid:user_id>/license/transfer", licensing.transfer_license, name="transfer_license"),
    path(
        "users/<uuid:user_id>/license/devices/<uuid:activation_id>/end",
        licensing.end_activation,
        name="end_activation",
    ),
    # Licenses and purchases
    path("licenses", billing.licenses, name="licenses"),
    path("licenses/all", holders.license_list, name="license_list"),
    path("licenses/<uuid:license_id>", license_page.show_license, name="show_license"),
    path(
        "licenses/<slug:code>/<slug:interval>/available",
        quantities.available_licenses,
        name="available_licenses",
    ),
    path("licenses/<slug:code>/<slug:interval>/remove", quantities.remove_licenses, name="remove_licenses"),
    path("licenses/<slug:code>/<slug:interval>/end", quantities.end_licenses, name="end_licenses"),
    path("licenses/<slug:code>/<slug:interval>/keep", quantities.keep_licenses, name="keep_licenses"),
    path("licenses/<slug:code>/<slug:interval>/holders", holders.license_holders, name="license_holders"),
    path("cart/add", billing.add_to_cart, name="add_to_cart"),
    path("cart/<uuid:line_id>/change", billing.change_cart_line, name="change_cart_line"),
    path("cart/<uuid:line_id>/remove", billing.remove_from_cart, name="remove_from_cart"),
    path("purchases/confirm", billing.confirm_purchase, name="confirm_purchase"),
    path("purchases/place", billing.place_order, name="place_order"),
    path("purchases", billing.purchases, name="purchases"),
    path("purchases/<uuid:order_id>", billing.purchase, name="purchase"),
    path("purchases/<uuid:order_id>/return", billing.purchase_return, name="purchase_return"),
    # The payment method
    path("payment-method", methods.payment_method, name="payment_method"),
    path("payment-method/store", methods.store_method, name="store_method"),
    path("payment-method/forget", methods.forget_method, name="forget_method"),
    path("payment-method/<uuid:page_id>/return", methods.storing_return, name="storing_return"),
    # Domains
    path("domains", domains.domains, name="domains"),
    path("domains/claim", domains.claim_domain, name="claim_domain"),
    path("domains/<uuid:domain_id>/check", domains.check_domain, name="check_domain"),
    path("domains/<uuid:domain_id>/remove", domains.remove_domain, name="remove_domain"),
    # The provider's console
    path("provider", provider.provider_console, name="provider_console"),
    path("provider/accounts/open", provider.open_account, name="open_account"),
    path("provider/domains/<uuid:domain_id>/approve", provider.approve_domain, name="approve_domain"),
    path("provider/domains/<uuid:domain_id>/refuse", provider.refuse_domain, name="refuse_domain"),
    # Access for programs
    path("tokens", tokens.api_tokens, name="api_tokens"),
    path("tokens/create", tokens.create_token, name="create_token"),
    path("tokens/<uuid:token_id>/revoke", tokens.revoke_token, name="revoke_token"),
    # The test provider's card page
    path("test-payment/<uuid:payment_id>", test_payment.test_payment, name="test_payment"),
    path(
        "test-payment/<uuid:payment_id>/confirm",
        test_payment.confirm_test_payment,
        name="confirm_test_payment",
    ),
]

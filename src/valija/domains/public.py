"""Mail domains whose addresses belong to anybody, so nobody can claim them and everybody may use them."""

PUBLIC_MAIL_DOMAINS = frozenset(
    """
    gmail.com googlemail.com outlook.com outlook.es outlook.fr hotmail.com hotmail.es hotmail.fr live.com live.fr msn.com
    yahoo.com yahoo.es yahoo.fr ymail.com icloud.com me.com mac.com aol.com gmx.com gmx.es gmx.fr gmx.net gmx.de web.de
    proton.me protonmail.com pm.me tutanota.com tuta.com zoho.com mail.com fastmail.com
    orange.fr wanadoo.fr free.fr laposte.net sfr.fr bbox.fr telefonica.net movistar.es terra.es videotron.ca bell.net
    rogers.com sympatico.ca prodigy.net.mx
    """.split()
)

"""Every sentence that the client says, in three languages side by side.

A `Sentence` cannot be made without all three, so a missing translation does not start; a test compares placeholders.
"""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

LANGUAGES = ("en", "es", "fr")


class Sentence(NamedTuple):
    """The same thing said in English, Spanish and French; `{names}` are filled in when it is said."""

    en: str
    es: str
    fr: str


class Problem(Exception):
    """Something the user is told, with what to do about it. `exit_code` is what the command ends with."""

    exit_code = 1
    code = "problem"
    sentence = Sentence("It did not work.", "No ha funcionado.", "Cela n'a pas fonctionné.")

    def __init__(self, **data: str) -> None:
        super().__init__(self.code)
        self.data = data

    def told(self, language: str) -> str:
        """Say it to the user."""
        return say(self.sentence, language, **self.data)


def say(sentence: Sentence, language: str, **data: str) -> str:
    """Say `sentence` in `language` with the names filled in."""
    text: str = getattr(sentence, language)
    return text.format(**data) if data else text


def language_of(environment: Mapping[str, str] = os.environ) -> str:
    """The user's language by the usual variables, English where it is none of ours."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if environment.get(name):
            language = environment[name][:2].lower()
            return language if language in LANGUAGES else "en"
    return "en"


def day(moment: datetime, language: str) -> str:
    """A day and time with the month in words, in UTC, so that it reads the same on every device."""
    moment = moment.astimezone(UTC)
    month = getattr(MONTHS, language).split()[moment.month - 1]
    return say(DAY, language, day=str(moment.day), month=month, year=str(moment.year), time=f"{moment:%H:%M}")


MONTHS = Sentence(
    "January February March April May June July August September October November December",
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
)
DAY = Sentence(
    "{day} {month} {year}, {time} UTC",
    "{day} de {month} de {year}, {time} UTC",
    "{day} {month} {year}, {time} UTC",
)

# What the license says
PLAN = Sentence("Plan", "Paquete", "Forfait")
HOLDER = Sentence("Holder", "Titular", "Titulaire")
ACCOUNT = Sentence("Account", "Cuenta", "Compte")
DEVICE = Sentence("Device", "Dispositivo", "Appareil")
EXPIRES = Sentence("Expires", "Caduca", "Expire")
OFFLINE_UNTIL = Sentence("Offline until", "Sin conexión hasta", "Hors ligne jusqu'au")
SERIAL = Sentence("License", "Licencia", "Licence")
SERVER = Sentence("Server", "Servidor", "Serveur")
SIGNATURE = Sentence("Signature", "Firma", "Signature")
SIGNATURE_FITS = Sentence(
    "it fits: nothing was changed (key {key})",
    "encaja: no se ha cambiado nada (clave {key})",
    "elle correspond : rien n'a été modifié (clé {key})",
)

# How the license stands
STANDING_GOOD = Sentence("The license is valid.", "La licencia es válida.", "La licence est valable.")
STANDING_EXPIRED = Sentence(
    "This license expired on {day}. Ask your administrator to renew it, then run: valija license --online",
    "Esta licencia caducó el {day}. Pida a quien administra su cuenta que la renueve y después ejecute: valija license --online",
    "Cette licence a expiré le {day}. Demandez à votre administrateur de la renouveler, puis lancez : valija license --online",
)
STANDING_OFFLINE_TOO_LONG = Sentence(
    "This license could be used without a connection until {day}. Connect to the Internet and run: valija license --online",
    "Esta licencia podía usarse sin conexión hasta el {day}. Conéctese a Internet y ejecute: valija license --online",
    "Cette licence pouvait servir sans connexion jusqu'au {day}. Connectez-vous à Internet et lancez : valija license --online",
)
STANDING_CLOCK_SET_BACK = Sentence(
    "The clock of this device was set back: it was already {seen}, and now it says {now}. "
    "Set the date and time right, then run: valija license --online",
    "El reloj de este dispositivo se ha atrasado: ya era el {seen} y ahora marca el {now}. "
    "Ponga bien la fecha y la hora y después ejecute: valija license --online",
    "L'horloge de cet appareil a été retardée : c'était déjà le {seen} et elle indique maintenant le {now}. "
    "Réglez la date et l'heure, puis lancez : valija license --online",
)
STANDING_ENDED = Sentence(
    "This license no longer works on this device. The server says: {detail}",
    "Esta licencia ya no funciona en este dispositivo. El servidor dice: {detail}",
    "Cette licence ne fonctionne plus sur cet appareil. Le serveur indique : {detail}",
)
STANDING_SUSPENDED = Sentence(
    "This license rests. The server says: {detail}",
    "Esta licencia está en suspenso. El servidor dice: {detail}",
    "Cette licence est suspendue. Le serveur indique : {detail}",
)

# What was done
ACTIVATED = Sentence(
    "{holder} has the {plan} plan on this device. It also works without a connection.",
    "{holder} tiene el paquete {plan} en este dispositivo. También funciona sin conexión.",
    "{holder} dispose du forfait {plan} sur cet appareil. Il fonctionne aussi sans connexion.",
)
RENEWED = Sentence(
    "The license file was renewed just now.",
    "El archivo de licencia se acaba de renovar.",
    "Le fichier de licence vient d'être renouvelé.",
)
DEACTIVATED = Sentence(
    "The license no longer works on this device and can be activated on another.",
    "La licencia ya no funciona en este dispositivo y puede activarse en otro.",
    "La licence ne fonctionne plus sur cet appareil et peut être activée sur un autre.",
)
ALREADY_ENDED = Sentence(
    "The server had already ended this activation. Its files were removed from this device.",
    "El servidor ya había terminado esta activación. Se han quitado sus archivos de este dispositivo.",
    "Le serveur avait déjà mis fin à cette activation. Ses fichiers ont été retirés de cet appareil.",
)
FORGOTTEN = Sentence(
    "The license was removed from this device without telling the server: there the device still counts. "
    "Your administrator can free it.",
    "La licencia se ha quitado de este dispositivo sin decírselo al servidor: allí el dispositivo sigue contando. "
    "Quien administra su cuenta puede liberarlo.",
    "La licence a été retirée de cet appareil sans prévenir le serveur : l'appareil y compte toujours. "
    "Votre administrateur peut le libérer.",
)

# What the command line did not understand (exit code 2)
NOT_UNDERSTOOD = Sentence(
    "This was not understood: {given}", "No se ha entendido: {given}", "Ceci n'a pas été compris : {given}"
)
UNKNOWN_LANGUAGE = Sentence(
    'The languages are es, en and fr, not "{given}".',
    "Los idiomas son es, en y fr, no «{given}».",
    "Les langues sont es, en et fr, pas « {given} ».",
)
NOT_A_CODE = Sentence(
    '"{given}" is not an activation code. A code has 16 letters and digits, such as 7Q2M-K8TR-4NXW-P3HD. Copy it from the e-mail.',
    "«{given}» no es un código de activación. Un código tiene 16 letras y cifras, como 7Q2M-K8TR-4NXW-P3HD. Cópielo del correo.",
    "« {given} » n'est pas un code d'activation. Un code compte 16 lettres et chiffres, comme 7Q2M-K8TR-4NXW-P3HD. "
    "Copiez-le depuis l'e-mail.",
)
SERVER_MISSING = Sentence(
    "The code alone does not say where your server is. Use the whole link of the e-mail, or add: --server https://...",
    "El código solo no dice dónde está su servidor. Use el enlace completo del correo o añada: --server https://...",
    "Le code seul n'indique pas où se trouve votre serveur. Utilisez le lien complet de l'e-mail ou ajoutez : --server https://...",
)
NOT_AN_ADDRESS = Sentence(
    '"{given}" is not the address of a server. An address looks like https://valija.example',
    "«{given}» no es la dirección de un servidor. Una dirección es como https://valija.example",
    "« {given} » n'est pas l'adresse d'un serveur. Une adresse ressemble à https://valija.example",
)
NOT_ENCRYPTED = Sentence(
    "{given} is not encrypted, so others could read the code on its way. Use the https address, "
    "or add --allow-http if the network is your own.",
    "{given} no va cifrada, así que otros podrían leer el código por el camino. Use la dirección https, "
    "o añada --allow-http si la red es suya.",
    "{given} n'est pas chiffrée : d'autres pourraient lire le code en chemin. Utilisez l'adresse https, "
    "ou ajoutez --allow-http si le réseau est le vôtre.",
)

# Refusals of the server (exit code 1); said where the server sends no sentence of its own
CODE_WRONG = Sentence(
    "This activation code is not right. Copy it from the e-mail again.",
    "Este código de activación no es correcto. Cópielo otra vez del correo.",
    "Ce code d'activation n'est pas correct. Copiez-le à nouveau depuis l'e-mail.",
)
CODE_USED = Sentence(
    "This activation code was already used. Ask your administrator to send another.",
    "Este código de activación ya se ha usado. Pida a quien administra su cuenta que le envíe otro.",
    "Ce code d'activation a déjà été utilisé. Demandez à votre administrateur de vous en envoyer un autre.",
)
CODE_EXPIRED = Sentence(
    "This activation code has expired. Ask your administrator to send another.",
    "Este código de activación ha caducado. Pida a quien administra su cuenta que le envíe otro.",
    "Ce code d'activation a expiré. Demandez à votre administrateur de vous en envoyer un autre.",
)
CODE_REPLACED = Sentence(
    "A newer activation code was sent after this one. Use the code of the latest e-mail.",
    "Después de este código se envió otro más reciente. Use el del último correo.",
    "Un code plus récent a été envoyé après celui-ci. Utilisez celui du dernier e-mail.",
)
LICENSE_SUSPENDED = Sentence(
    "The license is suspended because its renewal was not paid. Once it is paid, it works again.",
    "La licencia está suspendida porque no se pagó su renovación. En cuanto se pague, volverá a funcionar.",
    "La licence est suspendue car son renouvellement n'a pas été payé. Dès le paiement, elle fonctionnera de nouveau.",
)
LICENSE_WITHDRAWN = Sentence(
    "This license was withdrawn. Your administrator can assign you another.",
    "Esta licencia se ha retirado. Quien administra su cuenta puede asignarle otra.",
    "Cette licence a été retirée. Votre administrateur peut vous en attribuer une autre.",
)
TOO_MANY_DEVICES = Sentence(
    "This license is active on as many devices as it allows. Deactivate one of them first.",
    "Esta licencia está activa en todos los dispositivos que permite. Desactive antes uno de ellos.",
    "Cette licence est active sur autant d'appareils qu'elle le permet. Désactivez d'abord l'un d'eux.",
)
DEVICES = Sentence("It is at work on:", "Funciona en:", "Elle est active sur :")
LAST_SEEN = Sentence("last seen {day}", "visto por última vez el {day}", "vu pour la dernière fois le {day}")
WHICH_DEVICE = Sentence(
    "Which one should let it go? Number, or Enter to change nothing: ",
    "¿Cuál debe soltarla? Número, o Intro para no cambiar nada: ",
    "Lequel doit la libérer ? Numéro, ou Entrée pour ne rien changer : ",
)
INSTEAD_OF = Sentence(
    "To let one go and activate here, run the same command again with: --instead-of NUMBER",
    "Para soltarla en uno y activarla aquí, repita la orden con: --instead-of NÚMERO",
    "Pour la libérer sur l'un d'eux et l'activer ici, relancez la même commande avec : --instead-of NUMÉRO",
)
NO_SUCH_DEVICE = Sentence(
    '"{given}" is none of these devices. Nothing was changed.',
    "«{given}» no es ninguno de estos dispositivos. No se ha cambiado nada.",
    "« {given} » n'est aucun de ces appareils. Rien n'a été modifié.",
)
TOO_MANY_ATTEMPTS = Sentence(
    "There were too many attempts. Wait a few minutes and try again.",
    "Ha habido demasiados intentos. Espere unos minutos e inténtelo otra vez.",
    "Il y a eu trop de tentatives. Attendez quelques minutes et réessayez.",
)
REFUSED = Sentence(
    "The server refused without saying why (code {code}).",
    "El servidor se ha negado sin decir por qué (código {code}).",
    "Le serveur a refusé sans dire pourquoi (code {code}).",
)
NO_LICENSE = Sentence(
    "There is no license on this device. Activate it with the link of the e-mail: valija activate LINK",
    "No hay ninguna licencia en este dispositivo. Actívela con el enlace del correo: valija activate ENLACE",
    "Il n'y a pas de licence sur cet appareil. Activez-la avec le lien de l'e-mail : valija activate LIEN",
)
TOKEN_MISSING = Sentence(
    "This device can no longer prove to the server which activation it is. Activate again with a new code.",
    "Este dispositivo ya no puede demostrar al servidor qué activación es. Active otra vez con un código nuevo.",
    "Cet appareil ne peut plus prouver au serveur quelle activation il est. Activez à nouveau avec un nouveau code.",
)

# The server could not be asked (exit code 3)
UNREACHABLE = Sentence(
    "{server} cannot be reached. Nothing was changed. Check the connection and try again.",
    "No se puede llegar a {server}. No se ha cambiado nada. Compruebe la conexión e inténtelo otra vez.",
    "{server} est injoignable. Rien n'a été modifié. Vérifiez la connexion et réessayez.",
)
CERTIFICATE = Sentence(
    "{server} cannot prove that it is the right server (its certificate is not accepted). Nothing was sent.",
    "{server} no puede demostrar que es el servidor correcto (su certificado no se acepta). No se ha enviado nada.",
    "{server} ne peut pas prouver qu'il est le bon serveur (son certificat n'est pas accepté). Rien n'a été envoyé.",
)
NOT_VALIJA = Sentence(
    "{server} answers, but not as a Valija server does. Check the address.",
    "{server} responde, pero no como un servidor de Valija. Compruebe la dirección.",
    "{server} répond, mais pas comme un serveur Valija. Vérifiez l'adresse.",
)
SERVER_TROUBLE = Sentence(
    "{server} has a fault of its own ({status}). Try again in a few minutes.",
    "{server} tiene un fallo propio ({status}). Inténtelo otra vez dentro de unos minutos.",
    "{server} rencontre une panne ({status}). Réessayez dans quelques minutes.",
)

# The license file is not valid (exit code 4)
FILE_CHANGED = Sentence(
    "The signature does not fit: the license file was changed or damaged. Activate again with a new code.",
    "La firma no encaja: el archivo de licencia se ha cambiado o dañado. Active otra vez con un código nuevo.",
    "La signature ne correspond pas : le fichier de licence a été modifié ou abîmé. Activez à nouveau avec un nouveau code.",
)
FILE_UNKNOWN_KEY = Sentence(
    "The license file is signed with a key that this device does not know. Run: valija license --online",
    "El archivo de licencia está firmado con una clave que este dispositivo no conoce. Ejecute: valija license --online",
    "Le fichier de licence est signé avec une clé que cet appareil ne connaît pas. Lancez : valija license --online",
)
FILE_UNREADABLE = Sentence(
    "The license file cannot be read: it is damaged or something else. Activate again with a new code.",
    "El archivo de licencia no se puede leer: está dañado o es otra cosa. Active otra vez con un código nuevo.",
    "Le fichier de licence est illisible : il est abîmé ou c'est autre chose. Activez à nouveau avec un nouveau code.",
)
FILE_NEWER = Sentence(
    "The license file is of a newer kind than this program knows. Update the program.",
    "El archivo de licencia es de una clase más nueva que la que este programa conoce. Actualice el programa.",
    "Le fichier de licence est d'un type plus récent que ce que ce programme connaît. Mettez le programme à jour.",
)
CANNOT_KEEP = Sentence(
    "The license cannot be kept in {folder}: the folder cannot be written.",
    "La licencia no se puede guardar en {folder}: no se puede escribir en la carpeta.",
    "La licence ne peut pas être conservée dans {folder} : impossible d'écrire dans ce dossier.",
)

HELP = Sentence(
    """\
valija: activate a Valija license on this device and show it, also without a connection

  valija activate LINK_OR_CODE [--server URL] [--device NAME]
                  [--instead-of DEVICE] [--allow-http]
      Activate the license with the link or the code of the e-mail. A code alone needs
      --server or VALIJA_SERVER, unless a server was used here before. If the license is on
      as many devices as it may, they are listed; --instead-of names the one to let go.
  valija license [--online | --offline] [--json]
      Show plan, holder, account, device, expiry and whether the signature fits. Renews
      the license file when that is due and there is a connection; --online: now.
  valija deactivate [--forget]
      Let the license go, so that another device can use it. --forget: without a server.

  --lang es|en|fr   language (otherwise LC_ALL, LC_MESSAGES or LANG)
  --version         the version of this program
  --help            this text

Files are kept in VALIJA_CLIENT_HOME, otherwise in the user's configuration folder.
Ends with 0: done; 1: refused, or no license here; 2: not understood; 3: the server
cannot be reached; 4: the license is not valid (changed, expired, offline for too long).
""",
    """\
valija: activa una licencia de Valija en este dispositivo y la muestra, también sin conexión

  valija activate ENLACE_O_CÓDIGO [--server URL] [--device NOMBRE]
                  [--instead-of DISPOSITIVO] [--allow-http]
      Activa la licencia con el enlace o el código del correo. Un código solo necesita
      --server o VALIJA_SERVER, salvo que aquí ya se haya usado un servidor. Si la licencia
      está en todos los dispositivos que permite, se enumeran; --instead-of dice cuál la suelta.
  valija license [--online | --offline] [--json]
      Muestra paquete, titular, cuenta, dispositivo, caducidad y si la firma encaja. Renueva
      el archivo de licencia cuando toca y hay conexión; --online: ahora.
  valija deactivate [--forget]
      Suelta la licencia para que la use otro dispositivo. --forget: sin el servidor.

  --lang es|en|fr   idioma (si no, LC_ALL, LC_MESSAGES o LANG)
  --version         la versión de este programa
  --help            este texto

Los archivos se guardan en VALIJA_CLIENT_HOME o, si no, en la carpeta de configuración
del usuario.
Termina con 0: hecho; 1: rechazado, o no hay licencia aquí; 2: no entendido; 3: no se puede
llegar al servidor; 4: la licencia no es válida (cambiada, caducada, mucho tiempo sin conexión).
""",
    """\
valija : active une licence Valija sur cet appareil et l'affiche, même sans connexion

  valija activate LIEN_OU_CODE [--server URL] [--device NOM]
                  [--instead-of APPAREIL] [--allow-http]
      Active la licence avec le lien ou le code de l'e-mail. Un code seul demande
      --server ou VALIJA_SERVER, sauf si un serveur a déjà servi ici. Si la licence est sur
      tous les appareils permis, ils sont énumérés ; --instead-of dit lequel la libère.
  valija license [--online | --offline] [--json]
      Affiche forfait, titulaire, compte, appareil, expiration et si la signature correspond.
      Renouvelle le fichier de licence quand il est temps, s'il y a une connexion ;
      --online : maintenant.
  valija deactivate [--forget]
      Libère la licence pour un autre appareil. --forget : sans le serveur.

  --lang es|en|fr   langue (sinon LC_ALL, LC_MESSAGES ou LANG)
  --version         la version de ce programme
  --help            ce texte

Les fichiers sont conservés dans VALIJA_CLIENT_HOME, sinon dans le dossier de configuration
de l'utilisateur.
Se termine par 0 : fait ; 1 : refusé, ou pas de licence ici ; 2 : pas compris ; 3 : serveur
injoignable ; 4 : la licence n'est pas valable (modifiée, expirée, trop longtemps hors ligne).
""",
)

"""An SMTP server to hand e-mails to: `with connect("smtp://localhost:25") as server: server.send_message(letter)`."""

from __future__ import annotations

import smtplib
import ssl
from urllib.parse import unquote, urlsplit

SECONDS = 20


class Careful(smtplib.SMTP):
    """A connection that knows whether a letter may have arrived though nobody said so."""

    handed_over = False
    """The whole letter was sent, and what the server said of it did not come back."""

    def data(self, msg: object) -> tuple[int, bytes]:
        """Hand the text of a letter over (RFC 5321, 4.1.1.4); the server answers for it from its last line on."""
        self.handed_over = False
        code, said = self.docmd("DATA")
        if code != 354:
            raise smtplib.SMTPDataError(code, said)
        text = msg.encode("ascii") if isinstance(msg, str) else bytes(msg)  # type: ignore[call-overload]
        lines = b"\r\n".join(b"." + line if line.startswith(b".") else line for line in text.splitlines())
        self.send(lines + b"\r\n.\r\n")
        self.handed_over = True
        answer = self.getreply()
        self.handed_over = False
        return answer


class CarefulTls(Careful, smtplib.SMTP_SSL):
    """The same by TLS from the first byte."""


def connect(url: str) -> Careful:
    """A connection by smtp://user:password@host:port (STARTTLS where it is offered) or smtps://. Raises `OSError`."""
    parts = urlsplit(url)
    host, context = parts.hostname or "localhost", ssl.create_default_context()
    server: Careful
    if parts.scheme == "smtps":
        server = CarefulTls(host, parts.port or 465, timeout=SECONDS, context=context)
    else:
        server = Careful(host, parts.port or 25, timeout=SECONDS)
        server.ehlo_or_helo_if_needed()
        if server.has_extn("starttls"):
            server.starttls(context=context)
    if parts.username:
        server.login(unquote(parts.username), unquote(parts.password or ""))
    return server


def words(error: BaseException) -> str:
    """What went wrong, without the address that was written to."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return f"refused: {next(iter(error.recipients.values()))[0]}" if error.recipients else "refused"
    return f"{type(error).__name__}: {error}"


def for_good(error: BaseException) -> bool:
    """Whether the server will not take this letter another time either (RFC 5321, 4.2.1: 5yz)."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return bool(error.recipients) and all(code >= 500 for code, _ in error.recipients.values())
    return isinstance(error, smtplib.SMTPDataError) and error.smtp_code >= 500

"""How nine languages name months and the things that documents are about, and how their countries write numbers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Tongue:
    """One language and one country that speaks it."""

    locale: str
    """Of Faker: names, addresses."""
    region: str
    """Of phone numbers."""
    comma: bool
    """Cents stand behind a comma."""
    currency: tuple[str, ...]
    until: str
    """Between the ends of a period."""
    months: tuple[str, ...]
    short: tuple[str, ...]
    named_day: tuple[str, ...]
    """Forms of a date with the month's name: {d}, {name}, {y}."""
    labels: dict[str, str]


_CONCEPTS = (
    *("total", "date", "due", "number", "name", "address", "account", "from_to", "birth", "phone", "mail", "web"),
    *("net", "gross", "tax", "deposit", "begin", "end", "balance"),
)


def _labels(text: str) -> dict[str, str]:
    return dict(zip(_CONCEPTS, (one.strip() for one in text.split("|")), strict=True))


def _months(text: str) -> tuple[str, ...]:
    return tuple(text.split())


TONGUES = {
    "en-US": Tongue(
        "en_US", "US", False, ("$", "USD", "US$"), "to",
        _months("January February March April May June July August September October November December"),
        _months("Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec"),
        ("{name} {d}, {y}", "{d} {name} {y}", "{d}{th} of {name} {y}", "{name} {d}{th}, {y}"),
        _labels("Amount due|Date|Due by|Number|Name|Address|Account|Period|Date of birth|Phone|E-mail|Web|Net pay|"
                "Gross pay|Tax|Deposit|Begins|Ends|Balance"),
    ),
    "en-IN": Tongue(
        "en_IN", "IN", False, ("₹", "Rs.", "INR"), "to",
        _months("January February March April May June July August September October November December"),
        _months("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"),
        ("{d}{th} {name} {y}", "{d} {name} {y}", "{d}-{name}-{y}"),
        _labels("Sum payable|Dated|Pay before|No|Name|Address|A/c|Period|DOB|Mobile|Email|Website|Net salary|"
                "Gross salary|GST|Security deposit|From|To|Balance"),
    ),
    "de": Tongue(
        "de_DE", "DE", True, ("€", "EUR"), "bis",
        _months("Januar Februar März April Mai Juni Juli August September Oktober November Dezember"),
        _months("Jan. Feb. März Apr. Mai Juni Juli Aug. Sept. Okt. Nov. Dez."),
        ("{d}. {name} {y}", "den {d}. {name} {y}"),
        _labels("Zahlbetrag|Datum|Fällig am|Nr.|Name|Anschrift|Konto|Zeitraum|Geboren am|Telefon|E-Mail|Internet|"
                "Nettolohn|Bruttolohn|USt|Kaution|Beginn|Ende|Saldo"),
    ),
    "de-CH": Tongue(
        "de_CH", "CH", False, ("CHF", "Fr."), "bis",
        _months("Januar Februar März April Mai Juni Juli August September Oktober November Dezember"),
        _months("Jan. Feb. März Apr. Mai Juni Juli Aug. Sept. Okt. Nov. Dez."),
        ("{d}. {name} {y}",),
        _labels("Betrag|Datum|Zahlbar bis|Nr.|Name|Adresse|Konto|Periode|Geburtsdatum|Telefon|E-Mail|Web|Nettolohn|"
                "Bruttolohn|MWST|Depot|Beginn|Ende|Saldo"),
    ),
    "fr": Tongue(
        "fr_FR", "FR", True, ("€", "EUR"), "au",
        _months("janvier février mars avril mai juin juillet août septembre octobre novembre décembre"),
        _months("janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc."),
        ("{d} {name} {y}", "le {d} {name} {y}"),
        _labels("À payer|Date|Échéance|N°|Nom|Adresse|Compte|Période|Né(e) le|Tél.|Courriel|Site|Net à payer|"
                "Salaire brut|TVA|Caution|Début|Fin|Solde"),
    ),
    "es": Tongue(
        "es_ES", "ES", True, ("€", "EUR"), "al",
        _months("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"),
        _months("ene. feb. mar. abr. may. jun. jul. ago. sept. oct. nov. dic."),
        ("{d} de {name} de {y}", "{d} {name} {y}"),
        _labels("A pagar|Fecha|Vence|Núm.|Nombre|Dirección|Cuenta|Periodo|Nacido el|Teléfono|Correo|Web|Líquido|"
                "Devengado|IVA|Fianza|Inicio|Fin|Saldo"),
    ),
    "it": Tongue(
        "it_IT", "IT", True, ("€", "EUR"), "al",
        _months("gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre"),
        _months("gen. feb. mar. apr. mag. giu. lug. ago. set. ott. nov. dic."),
        ("{d} {name} {y}", "lì {d} {name} {y}"),
        _labels("Da pagare|Data|Scadenza|N.|Nome|Indirizzo|Conto|Periodo|Nato il|Telefono|Posta|Sito|Netto|Lordo|IVA|"
                "Cauzione|Inizio|Fine|Saldo"),
    ),
    "pt": Tongue(
        "pt_PT", "PT", True, ("€", "EUR"), "a",
        _months("janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro"),
        _months("jan. fev. mar. abr. mai. jun. jul. ago. set. out. nov. dez."),
        ("{d} de {name} de {y}",),
        _labels("A pagar|Data|Vencimento|N.º|Nome|Morada|Conta|Período|Nascido a|Telefone|E-mail|Sítio|Líquido|"
                "Ilíquido|IVA|Caução|Início|Fim|Saldo"),
    ),
    "nl": Tongue(
        "nl_NL", "NL", True, ("€", "EUR"), "t/m",
        _months("januari februari maart april mei juni juli augustus september oktober november december"),
        _months("jan. feb. mrt. apr. mei jun. jul. aug. sep. okt. nov. dec."),
        ("{d} {name} {y}",),
        _labels("Te betalen|Datum|Vervaldatum|Nr.|Naam|Adres|Rekening|Periode|Geboren|Telefoon|E-mail|Website|Netto|"
                "Bruto|btw|Borg|Begin|Einde|Saldo"),
    ),
    "pl": Tongue(
        "pl_PL", "PL", True, ("zł", "PLN"), "do",
        _months("stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia"),
        _months("sty lut mar kwi maj cze lip sie wrz paź lis gru"),
        ("{d} {name} {y} r.", "{d} {name} {y}"),
        _labels("Do zapłaty|Data|Termin|Nr|Imię|Adres|Konto|Okres|Urodzony|Telefon|E-mail|Strona|Netto|Brutto|VAT|"
                "Kaucja|Od|Do|Saldo"),
    ),
    "sv": Tongue(
        "sv_SE", "SE", True, ("kr", "SEK"), "till",
        _months("januari februari mars april maj juni juli augusti september oktober november december"),
        _months("jan. feb. mars apr. maj juni juli aug. sep. okt. nov. dec."),
        ("den {d} {name} {y}", "{d} {name} {y}"),
        _labels("Att betala|Datum|Förfaller|Nr|Namn|Adress|Konto|Period|Född|Telefon|E-post|Webb|Netto|Brutto|Moms|"
                "Deposition|Från|Till|Saldo"),
    ),
}  # fmt: skip

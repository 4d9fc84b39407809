"""The fields that a file can bring, per kind of fact: name, form, what it means.

The native mappings use exactly these names as columns; the reference page is tested against this table.
"""

from __future__ import annotations

from dataclasses import dataclass

FORMS = ("id", "text", "term", "choice", "amount", "price", "quantity", "rate", "day", "moment", "version", "currency", "custom")
CUSTOM_KINDS = ("text", "number", "amount", "date", "flag")

PERSON_KINDS = {"person": 0, "p": 0, "个人": 0, "company": 1, "c": 1, "organisation": 1, "organization": 1, "企业": 1, "公司": 1}
GENDERS = {"f": 0, "female": 0, "w": 0, "女": 0, "m": 1, "male": 1, "男": 1}
ORDER_KINDS = {"sale": 0, "s": 0, "refund": 1, "return": 1, "r": 1}

CHOICES = {"customers": {"kind": PERSON_KINDS, "gender": GENDERS}, "orders": {"kind": ORDER_KINDS}, "lines": {"kind": ORDER_KINDS}}
"""The words of every choice: kind of file → field → word → stored number."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a kind of fact.

    form: how a cell is read; see `FORMS`.
    """

    name: str
    form: str
    help: str
    required: bool = False


_CUSTOMER = (
    Field("customer", "id", "The customer's id in this source.", True),
    Field("name", "text", "Name of the person or company."),
    Field("kind", "choice", "person or company."),
    Field("gender", "choice", "F or M."),
    Field("birth_date", "day", "Date of birth."),
    Field("country", "term", "Country, as the business writes it."),
    Field("region", "term", "Region."),
    Field("city", "term", "City."),
    Field("industry", "term", "Industry of a company."),
    Field("education", "term", "Education of a person."),
    Field("income", "amount", "Yearly income, business currency."),
    Field("email", "text", "E-mail address."),
    Field("phone", "text", "Telephone number."),
    Field("joined_at", "moment", "When the customer joined."),
    Field("not_graded", "text", "Why this customer is not graded (walk-in, staff, test); empty for everyone else."),
    Field("source", "id", "The source of this row, where one file holds several."),
    Field("version", "version", "The source's version number or change moment of the row; an older one never overwrites."),
)
_PRODUCT = (
    Field("product", "id", "The product's id in this source.", True),
    Field("name", "text", "Name."),
    Field("category", "term", "Category."),
    Field("cost", "price", "Cost per unit."),
    Field("version", "version", "The source's version number or change moment of the row."),
)
_ORDER_HEAD = (
    Field("order", "id", "The order's id in this source.", True),
    Field("customer", "id", "The customer's id in this source.", True),
    Field("ordered_at", "moment", "When it was ordered; of several lines, the earliest counts.", True),
    Field("kind", "choice", "sale or refund; sale where absent."),
    Field("refund_of", "id", "The order that a refund gives back."),
)
_ORDER_TAIL = (
    Field("currency", "currency", "Three letters; the business currency where absent. Others convert by stored rates."),
    Field("seller", "term", "Sales person."),
    Field("store", "term", "Store."),
    Field("channel", "term", "Channel."),
    Field("status", "term", "Status in the source, as text."),
    Field("version", "version", "The source's version number or change moment of the order."),
)
_ORDER = (
    *_ORDER_HEAD,
    Field("amount", "amount", "What was paid, in the order's currency; of a refund, what was given back.", True),
    Field("cost", "amount", "What the goods cost, in the order's currency."),
    *_ORDER_TAIL,
)
_LINE = (
    *_ORDER_HEAD,
    Field("product", "id", "The product's id; an unknown one is created."),
    Field("product.name", "text", "Name of a product that is created."),
    Field("quantity", "quantity", "Units, up to three digits after the point; of a refund, either sign.", True),
    Field("unit_price", "price", "Price per unit, up to four digits after the point.", True),
    Field("cost", "amount", "What the goods of this line cost, all units together, in the order's currency."),
    Field("customer.country", "term", "Country of a customer that is created."),
    Field("customer.name", "text", "Name of a customer that is created."),
    *_ORDER_TAIL,
)
_RATE = (
    Field("currency", "currency", "The foreign currency, three letters.", True),
    Field("day", "day", "From this business day on, until the next.", True),
    Field("rate", "rate", "Business currency per unit, up to six digits after the point.", True),
)

FIELDS: dict[str, tuple[Field, ...]] = {"customers": _CUSTOMER, "products": _PRODUCT, "orders": _ORDER, "lines": _LINE, "rates": _RATE}
"""The fields of each kind of file."""


def field(kind: str, name: str) -> Field | None:
    """The field of a kind by its name; `custom.<name>` of customers is one too. None for an unknown name."""
    if kind == "customers" and name.startswith("custom.") and len(name) > len("custom."):
        return Field(name, "custom", "A field of one's own.")
    return next((each for each in FIELDS[kind] if each.name == name), None)

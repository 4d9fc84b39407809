"""The fields that a file can bring, per kind of fact: name, form, what it means.

The native mappings use exactly these names as columns; the reference page is tested against this table.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.texts import Text

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
    help: Text
    required: bool = False


_CUSTOMER = (
    Field("customer", "id", Text("The customer's id in this source.", "该来源系统中的客户编号。"), True),
    Field("name", "text", Text("Name of the person or company.", "个人或企业名称。")),
    Field("kind", "choice", Text("person or company.", "个人或企业（person 或 company）。")),
    Field("gender", "choice", Text("F or M.", "性别：F（女）或 M（男）。")),
    Field("birth_date", "day", Text("Date of birth.", "出生日期。")),
    Field("country", "term", Text("Country, as the business writes it.", "国家，按企业自己的写法。")),
    Field("region", "term", Text("Region.", "地区。")),
    Field("city", "term", Text("City.", "城市。")),
    Field("industry", "term", Text("Industry of a company.", "企业所属行业。")),
    Field("education", "term", Text("Education of a person.", "个人学历。")),
    Field("income", "amount", Text("Yearly income, business currency.", "年收入，以本位币计。")),
    Field("email", "text", Text("E-mail address.", "电子邮箱。")),
    Field("phone", "text", Text("Telephone number.", "电话号码。")),
    Field("joined_at", "moment", Text("When the customer joined.", "客户加入的时间。")),
    Field(
        "not_graded",
        "text",
        Text(
            "Why this customer is not graded (walk-in, staff, test); empty for everyone else.",
            "该客户不参与分级的原因（散客、员工、测试）；其他客户留空。",
        ),
    ),
    Field("source", "id", Text("The source of this row, where one file holds several.", "一个文件含多个来源时，本行的来源。")),
    Field(
        "version",
        "version",
        Text(
            "The source's version number or change moment of the row; an older one never overwrites.",
            "来源系统中本行的版本号或修改时间；旧版本不会覆盖新版本。",
        ),
    ),
)
_PRODUCT = (
    Field("product", "id", Text("The product's id in this source.", "该来源系统中的商品编号。"), True),
    Field("name", "text", Text("Name.", "名称。")),
    Field("category", "term", Text("Category.", "品类。")),
    Field("cost", "price", Text("Cost per unit.", "单位成本。")),
    Field("version", "version", Text("The source's version number or change moment of the row.", "来源系统中本行的版本号或修改时间。")),
)
_ORDER_HEAD = (
    Field("order", "id", Text("The order's id in this source.", "该来源系统中的订单编号。"), True),
    Field("customer", "id", Text("The customer's id in this source.", "该来源系统中的客户编号。"), True),
    Field(
        "ordered_at", "moment", Text("When it was ordered; of several lines, the earliest counts.", "下单时间；多行时以最早的为准。"), True
    ),
    Field("kind", "choice", Text("sale or refund; sale where absent.", "销售或退款（sale 或 refund）；缺省为销售。")),
    Field("refund_of", "id", Text("The order that a refund gives back.", "退款所对应的原订单。")),
)
_ORDER_TAIL = (
    Field(
        "currency",
        "currency",
        Text(
            "Three letters; the business currency where absent. Others convert by stored rates.",
            "三位字母；缺省为本位币，其他币种按已存汇率折算。",
        ),
    ),
    Field("seller", "term", Text("Sales person.", "销售人员。")),
    Field("store", "term", Text("Store.", "门店。")),
    Field("channel", "term", Text("Channel.", "渠道。")),
    Field("status", "term", Text("Status in the source, as text.", "来源系统中的状态（文本）。")),
    Field("version", "version", Text("The source's version number or change moment of the order.", "来源系统中订单的版本号或修改时间。")),
)
_ORDER = (
    *_ORDER_HEAD,
    Field(
        "amount",
        "amount",
        Text("What was paid, in the order's currency; of a refund, what was given back.", "实付金额，以订单币种计；退款为退回金额。"),
        True,
    ),
    Field("cost", "amount", Text("What the goods cost, in the order's currency.", "商品成本，以订单币种计。")),
    *_ORDER_TAIL,
)
_LINE = (
    *_ORDER_HEAD,
    Field("product", "id", Text("The product's id; an unknown one is created.", "商品编号；未知商品将自动创建。")),
    Field("product.name", "text", Text("Name of a product that is created.", "新建商品的名称。")),
    Field(
        "quantity",
        "quantity",
        Text("Units, up to three digits after the point; of a refund, either sign.", "数量，至多三位小数；退款可正可负。"),
        True,
    ),
    Field("unit_price", "price", Text("Price per unit, up to four digits after the point.", "单价，至多四位小数。"), True),
    Field(
        "cost",
        "amount",
        Text("What the goods of this line cost, all units together, in the order's currency.", "本行商品的总成本，以订单币种计。"),
    ),
    Field("customer.country", "term", Text("Country of a customer that is created.", "新建客户的国家。")),
    Field("customer.name", "text", Text("Name of a customer that is created.", "新建客户的名称。")),
    *_ORDER_TAIL,
)
_RATE = (
    Field("currency", "currency", Text("The foreign currency, three letters.", "外币，三位字母。"), True),
    Field("day", "day", Text("From this business day on, until the next.", "自该营业日起生效，直至下一条汇率。"), True),
    Field(
        "rate", "rate", Text("Business currency per unit, up to six digits after the point.", "每单位外币折合本位币，至多六位小数。"), True
    ),
)

FIELDS: dict[str, tuple[Field, ...]] = {"customers": _CUSTOMER, "products": _PRODUCT, "orders": _ORDER, "lines": _LINE, "rates": _RATE}
"""The fields of each kind of file."""


def field(kind: str, name: str) -> Field | None:
    """The field of a kind by its name; `custom.<name>` of customers is one too. None for an unknown name."""
    if kind == "customers" and name.startswith("custom.") and len(name) > len("custom."):
        return Field(name, "custom", Text("A field of one's own.", "自定义字段。"))
    return next((each for each in FIELDS[kind] if each.name == name), None)

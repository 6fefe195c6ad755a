"""The GraphQL documents that are sent, checked in the tests against the published Admin schema of `API_VERSION`.

Lists are cut at sizes that keep each query well under the 1,000 points that Shopify allows one query; that one was cut
off is told by `pageInfo`, or by its length, and then nothing is said of the whole.
"""

from dataclasses import dataclass

API_VERSION = "2026-07"
SUPPORTED_UNTIL = "2027-07-01"
"""Each version lives at least twelve months; after that Shopify silently serves the oldest one alive."""

NOTES = 100
"""So many refunds of an order are searched for our key."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Lengths of the lists in a look at an order."""

    lines: int
    parcels: int
    parts: int
    transactions: int
    refunds: int


WHOLE = Sizes(lines=50, parcels=20, parts=20, transactions=20, refunds=10)
SPLIT = Sizes(lines=30, parcels=8, parts=10, transactions=10, refunds=6)
"""Where orders are split by vendor each line, parcel and refund is asked for more, so fewer of them fit one query."""
RETURNS = 10

_MONEY = "{ shopMoney { amount currencyCode } }"

_REFUND = (
    "id note createdAt processedAt updatedAt return { id } order { id } totalRefundedSet " + _MONEY + " "
    "transactions(first: 5) { nodes { id kind status createdAt processedAt amountSet " + _MONEY + " } }"
)

_PLACE = "{ countryCodeV2 provinceCode timeZone }"


def _order(name: str, size: Sizes, split: bool) -> str:
    def only(text: str) -> str:
        return text if split else ""

    page = "pageInfo { hasNextPage }"
    taxes = only(f"taxLines(first: 2) {{ priceSet {_MONEY} }}")
    inside = only(f"fulfillmentLineItems(first: 10) {{ nodes {{ lineItem {{ vendor }} }} {page} }}")
    refunded = only(f"refundLineItems(first: 5) {{ nodes {{ lineItem {{ vendor }} }} {page} }}")
    return f"""query {name}($id: ID!) {{
  order(id: $id) {{
    id updatedAt createdAt processedAt cancelledAt cancelReason sourceName taxesIncluded
    displayFinancialStatus displayFulfillmentStatus
    customer {{ id }}
    shippingAddress {_PLACE}
    billingAddress {_PLACE}
    totalPriceSet {_MONEY}
    totalRefundedSet {_MONEY}
    lineItems(first: {size.lines}) {{
      nodes {{
        id vendor unfulfilledQuantity product {{ id }} {taxes}
        discountedTotalSet(withCodeDiscounts: true) {_MONEY}
      }}
      {page}
    }}
    fulfillments(first: {size.parcels}) {{
      id status displayStatus createdAt updatedAt deliveredAt estimatedDeliveryAt
      trackingInfo(first: 1) {{ company number }} {inside}
    }}
    fulfillmentOrders(first: {size.parts}) {{
      nodes {{ id status fulfillBy updatedAt deliveryMethod {{ maxDeliveryDateTime }} }}
      {page}
    }}
    transactions(first: {size.transactions}) {{ id kind status createdAt processedAt amountSet {_MONEY} }}
    refunds(first: {size.refunds}) {{ {_REFUND} {refunded} }}
    returns(first: {RETURNS}) {{ nodes {{ id status createdAt requestApprovedAt }} }}
  }}
}}"""


ORDER = _order("RedressOrder", WHOLE, split=False)
ORDER_SPLIT = _order("RedressOrderSplit", SPLIT, split=True)

FULFILLMENT_ORDER = """query RedressFulfillmentOrder($id: ID!) {
  fulfillmentOrder(id: $id) { id orderId }
}"""

FULFILLMENT = """query RedressFulfillment($id: ID!) {
  fulfillment(id: $id) { id order { id } }
}"""

_RETURN = f"""id status createdAt requestApprovedAt closedAt
    order {{ id updatedAt shippingAddress {_PLACE} billingAddress {_PLACE} }}
    returnLineItems(first: 20) {{
      nodes {{
        id quantity refundedQuantity
        returnReasonDefinition {{ handle }}
        ... on ReturnLineItem {{
          withCodeDiscountedTotalPriceSet {_MONEY}
          fulfillmentLineItem {{ lineItem {{ vendor product {{ id }} }} }}
        }}
      }}
      pageInfo {{ hasNextPage }}
    }}
    refunds(first: 10) {{ nodes {{ {_REFUND} }} pageInfo {{ hasNextPage }} }}
    reverseFulfillmentOrders(first: 3) {{
      nodes {{ id lineItems(first: 10) {{ nodes {{ id dispositions {{ id type createdAt }} }} }} }}
    }}"""

RETURN_OR_REFUND = f"""query RedressRefund($return: ID!, $refund: ID!) {{
  return(id: $return) {{
    {_RETURN}
  }}
  refund(id: $refund) {{
    {_REFUND}
    holder: order {{ id updatedAt shippingAddress {_PLACE} billingAddress {_PLACE} }}
    refundLineItems(first: 20) {{ nodes {{ lineItem {{ vendor product {{ id }} }} }} }}
  }}
}}"""

REVERSE = """query RedressReverse($id: ID!) {
  reverseFulfillmentOrder(id: $id) {
    id
    order { id returns(first: 20) { nodes { id reverseFulfillmentOrders(first: 5) { nodes { id } } } } }
  }
}"""

DISPUTE = f"""query RedressDispute($id: ID!) {{
  dispute(id: $id) {{
    id status type initiatedAt evidenceDueBy evidenceSentOn finalizedOn
    amount {{ amount currencyCode }}
    reasonDetails {{ reason }}
    order {{
      id updatedAt shippingAddress {_PLACE} billingAddress {_PLACE}
      lineItems(first: 20) {{ nodes {{ vendor product {{ id }} }} pageInfo {{ hasNextPage }} }}
    }}
  }}
}}"""

PRODUCT = """query RedressProduct($id: ID!) {
  product(id: $id) { id status publishedAt updatedAt vendor }
}"""

TAGS_ADD = """mutation RedressTag($id: ID!, $tags: [String!]!) {
  tagsAdd(id: $id, tags: $tags) { node { id } userErrors { field message } }
}"""

TAGS_REMOVE = """mutation RedressUntag($id: ID!, $tags: [String!]!) {
  tagsRemove(id: $id, tags: $tags) { node { id } userErrors { field message } }
}"""

METAFIELDS_SET = """mutation RedressNote($metafields: [MetafieldsSetInput!]!) {
  metafieldsSet(metafields: $metafields) { metafields { id } userErrors { field message code } }
}"""


def _holds(name: str, parts: int, lines: str) -> str:
    return f"""query {name}($id: ID!) {{
  order(id: $id) {{
    id
    fulfillmentOrders(first: {parts}) {{
      nodes {{ id status fulfillmentHolds {{ id handle heldByRequestingApp }} {lines} }}
      pageInfo {{ hasNextPage }}
    }}
  }}
}}"""


HOLDS = _holds("RedressHolds", 20, "")
HOLDS_SPLIT = _holds("RedressHoldsSplit", 10, "lineItems(first: 25) { nodes { vendor } pageInfo { hasNextPage } }")

HOLD = """mutation RedressHold($id: ID!, $hold: FulfillmentOrderHoldInput!) {
  fulfillmentOrderHold(id: $id, fulfillmentHold: $hold) {
    fulfillmentHold { id }
    userErrors { field message code }
  }
}"""

RELEASE = """mutation RedressRelease($id: ID!, $holds: [ID!]!, $external: String!) {
  fulfillmentOrderReleaseHold(id: $id, holdIds: $holds, externalId: $external) {
    fulfillmentOrder { id status }
    userErrors { field message code }
  }
}"""

REFUNDABLE = f"""query RedressRefundable($id: ID!) {{
  order(id: $id) {{
    id currencyCode presentmentCurrencyCode
    refunds(first: {NOTES}) {{ id note }}
    suggestedRefund(suggestFullRefund: true) {{
      suggestedTransactions {{
        gateway kind parentTransaction {{ id }} maximumRefundableSet {_MONEY}
      }}
    }}
  }}
}}"""

REFUND_CREATE = """mutation RedressRefund($input: RefundInput!, $key: String!) {
  refundCreate(input: $input) @idempotent(key: $key) {
    refund { id }
    userErrors { field message }
  }
}"""

LISTING = """query RedressListing($id: ID!, $namespace: String!, $key: String!) {
  product(id: $id) { id status metafield(namespace: $namespace, key: $key) { value } }
}"""

PRODUCT_STATUS = """mutation RedressListing($product: ProductUpdateInput!) {
  productUpdate(product: $product) { product { id status } userErrors { field message } }
}"""

CHANGES = """query RedressChanges($filter: String!, $after: String) {
  orders(first: 100, after: $after, sortKey: UPDATED_AT, query: $filter) {
    nodes { id updatedAt }
    pageInfo { hasNextPage endCursor }
  }
}"""

SUBSCRIPTIONS = """query RedressSubscriptions($after: String) {
  webhookSubscriptions(first: 100, after: $after) {
    nodes { id topic uri }
    pageInfo { hasNextPage endCursor }
  }
}"""

SUBSCRIBE = """mutation RedressSubscribe($topic: WebhookSubscriptionTopic!, $to: WebhookSubscriptionInput!) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: $to) {
    webhookSubscription { id }
    userErrors { field message }
  }
}"""

UNSUBSCRIBE = """mutation RedressUnsubscribe($id: ID!) {
  webhookSubscriptionDelete(id: $id) { deletedWebhookSubscriptionId userErrors { field message } }
}"""

PROBE = """query RedressProbe {
  currentAppInstallation { app { title } accessScopes { handle } }
  shop { currencyCode enabledPresentmentCurrencies }
}"""

RECENT = """query RedressRecent {
  orders(first: 100, sortKey: CREATED_AT, reverse: true) { nodes { id displayFulfillmentStatus } }
}"""

ALL = (
    SUBSCRIPTIONS, SUBSCRIBE, UNSUBSCRIBE, PROBE, RECENT, CHANGES, ORDER, ORDER_SPLIT, FULFILLMENT_ORDER, FULFILLMENT,
    RETURN_OR_REFUND, REVERSE, DISPUTE, PRODUCT, TAGS_ADD, TAGS_REMOVE, METAFIELDS_SET, HOLDS, HOLDS_SPLIT, HOLD,
    RELEASE, REFUNDABLE, REFUND_CREATE, LISTING, PRODUCT_STATUS,
)  # fmt: skip

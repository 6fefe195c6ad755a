"""The GraphQL documents that are sent, checked in the tests against the published Admin schema of `API_VERSION`.

Lists are cut at sizes that keep each query well under the 1,000 points that Shopify allows one query; what is cut off
is asked for by `pageInfo`, or told by the length, and then nothing is said of the whole.
"""

API_VERSION = "2026-07"
SUPPORTED_UNTIL = "2027-07-01"
"""Each version lives at least twelve months; after that Shopify silently serves the oldest one alive."""

PARCELS = TRANSACTIONS = 20
REFUNDS = RETURNS = 10
NOTES = 100
"""Lengths of the lists that are no connections."""

_MONEY = "{ shopMoney { amount currencyCode } }"

_REFUND = (
    "id note createdAt processedAt updatedAt return { id } order { id } totalRefundedSet " + _MONEY + " "
    "transactions(first: 5) { nodes { id kind status createdAt processedAt amountSet " + _MONEY + " } }"
)

_PLACE = "{ countryCodeV2 provinceCode timeZone }"

ORDER = f"""query RedressOrder($id: ID!, $split: Boolean!) {{
  order(id: $id) {{
    id updatedAt createdAt processedAt cancelledAt cancelReason sourceName taxesIncluded
    displayFinancialStatus displayFulfillmentStatus
    customer {{ id }}
    shippingAddress {_PLACE}
    billingAddress {_PLACE}
    totalPriceSet {_MONEY}
    totalRefundedSet {_MONEY}
    lineItems(first: 50) {{
      nodes {{
        id vendor unfulfilledQuantity product {{ id }}
        discountedTotalSet(withCodeDiscounts: true) {_MONEY}
        taxLines(first: 5) @include(if: $split) {{ priceSet {_MONEY} }}
      }}
      pageInfo {{ hasNextPage }}
    }}
    fulfillments(first: {PARCELS}) {{
      id status displayStatus createdAt updatedAt deliveredAt estimatedDeliveryAt
      trackingInfo(first: 1) {{ company number }}
      fulfillmentLineItems(first: 10) @include(if: $split) {{
        nodes {{ lineItem {{ vendor }} }}
        pageInfo {{ hasNextPage }}
      }}
    }}
    fulfillmentOrders(first: 20) {{
      nodes {{ id status fulfillBy updatedAt deliveryMethod {{ maxDeliveryDateTime }} }}
      pageInfo {{ hasNextPage }}
    }}
    transactions(first: {TRANSACTIONS}) {{ id kind status createdAt processedAt amountSet {_MONEY} }}
    refunds(first: {REFUNDS}) {{
      {_REFUND}
      refundLineItems(first: 5) @include(if: $split) {{ nodes {{ lineItem {{ vendor }} }} pageInfo {{ hasNextPage }} }}
    }}
    returns(first: {RETURNS}) {{ nodes {{ id status createdAt requestApprovedAt }} }}
  }}
}}"""

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
    refunds(first: {REFUNDS}) {{ nodes {{ {_REFUND} }} pageInfo {{ hasNextPage }} }}
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
    order {{ id updatedAt shippingAddress {_PLACE} billingAddress {_PLACE} }}
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

HOLDS = """query RedressHolds($id: ID!, $split: Boolean!) {
  order(id: $id) {
    id
    fulfillmentOrders(first: 20) {
      nodes {
        id status
        fulfillmentHolds { id handle heldByRequestingApp }
        lineItems(first: 20) @include(if: $split) { nodes { vendor } pageInfo { hasNextPage } }
      }
      pageInfo { hasNextPage }
    }
  }
}"""

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

ALL = (
    ORDER, FULFILLMENT_ORDER, FULFILLMENT, RETURN_OR_REFUND, REVERSE, DISPUTE, PRODUCT, TAGS_ADD, TAGS_REMOVE,
    METAFIELDS_SET, HOLDS, HOLD, RELEASE, REFUNDABLE, REFUND_CREATE, LISTING, PRODUCT_STATUS,
)  # fmt: skip

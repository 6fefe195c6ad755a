"""What is asked of Saleor, in GraphQL. The same fields are subscribed to and looked up, so that a push and a look never
say different things about the same register. No name, mail address or street is among them. Facts: schema of 3.22.
"""

MONEY = "currency amount fractionalAmount fractionDigits"

ORDER = f"""
fragment RedressOrder on Order {{
  id created updatedAt status chargeStatus
  channel {{ slug }}
  user {{ id }}
  shippingAddress {{ country {{ code }} }}
  billingAddress {{ country {{ code }} }}
  total {{ gross {{ {MONEY} }} }}
  totalRefunded {{ {MONEY} }}
  seller: metafield(key: "redress.seller")
  lines {{ quantityToFulfill variant {{ product {{ id }} }} }}
  fulfillments {{ id created status trackingNumber }}
  events {{ id date type }}
  grantedRefunds {{
    id createdAt updatedAt status reason amount {{ {MONEY} }}
    transactionEvents {{ id createdAt type pspReference amount {{ {MONEY} }} }}
  }}
  transactions {{ id events {{ id createdAt type pspReference amount {{ {MONEY} }} }} }}
}}
"""

PRODUCT = """
fragment RedressProduct on Product {
  id created updatedAt
  channelListings { channel { id } isPublished publishedAt isAvailableForPurchase }
}
"""

_ORDER_EVENTS = (
    "OrderCreated", "OrderConfirmed", "OrderPaid", "OrderFullyPaid", "OrderFulfilled", "OrderCancelled",
    "OrderExpired", "OrderRefunded", "OrderFullyRefunded", "OrderUpdated", "OrderMetadataUpdated",
    "FulfillmentCreated", "FulfillmentTrackingNumberUpdated", "FulfillmentApproved", "FulfillmentCanceled",
)  # fmt: skip
_PRODUCT_EVENTS = ("ProductCreated", "ProductUpdated", "ProductDeleted")


def subscription() -> str:
    """The webhook's query. `issuedAt` is in it because nothing else that is signed tells retries from new events."""
    parts = [f"... on {name} {{ order {{ ...RedressOrder }} }}" for name in _ORDER_EVENTS]
    parts += [f"... on {name} {{ product {{ ...RedressProduct }} }}" for name in _PRODUCT_EVENTS]
    parts.append("... on TransactionItemMetadataUpdated { transaction { order { id } } }")
    parts.append("... on AppDeleted { app { id } }")
    inside = "\n    ".join(parts)
    query = f"subscription {{\n  event {{\n    __typename issuedAt version recipient {{ id }}\n    {inside}\n  }}\n}}"
    return f"{query}\n{ORDER}{PRODUCT}"


LOOK_ORDER = f"query Look($id: ID!) {{ order(id: $id) {{ ...RedressOrder }} }}\n{ORDER}"
LOOK_PRODUCT = f"query Look($id: ID!) {{ product(id: $id) {{ ...RedressProduct }} }}\n{PRODUCT}"
CHANGES = """
query Changes($since: DateTime!, $after: String) {
  orders(first: 100, after: $after, filter: { updatedAt: { gte: $since } },
         sortBy: { field: LAST_MODIFIED_AT, direction: ASC }) {
    edges { node { id updatedAt } }
    pageInfo { hasNextPage endCursor }
  }
}
"""

NOTES = "query Notes($id: ID!) { order(id: $id) { id events { id type message } } }"
NOTE = """
mutation Note($order: ID!, $input: OrderNoteInput!) {
  orderNoteAdd(order: $order, input: $input) { event { id } errors { field code } }
}
"""
STATUS = "query Status($id: ID!) { order(id: $id) { id status } }"
CANCEL = "mutation Cancel($id: ID!) { orderCancel(id: $id) { order { id } errors { field code } } }"
REMEMBER = """
mutation Remember($id: ID!, $input: [MetadataInput!]!) {
  updatePrivateMetadata(id: $id, input: $input) { item { __typename } errors { field code } }
}
"""
FORGET = """
mutation Forget($id: ID!, $keys: [String!]!) {
  deletePrivateMetadata(id: $id, keys: $keys) { item { __typename } errors { field code } }
}
"""
PROBLEM = """
mutation Tell($input: AppProblemCreateInput!) {
  appProblemCreate(input: $input) { appProblem { id } errors { field code } }
}
"""
LISTING = """
query Listing($id: ID!, $key: String!) {
  product(id: $id) {
    id before: privateMetafield(key: $key)
    channelListings { channel { id } isPublished publishedAt isAvailableForPurchase }
  }
}
"""
LIST = """
mutation List($id: ID!, $input: ProductChannelListingUpdateInput!) {
  productChannelListingUpdate(id: $id, input: $input) { product { id } errors { field code } }
}
"""
REFUNDABLE = f"""
query Refundable($id: ID!) {{
  order(id: $id) {{
    id
    total {{ gross {{ {MONEY} }} }}
    grantedRefunds {{ id status reason }}
    transactions {{ id actions chargedAmount {{ {MONEY} }} refundPendingAmount {{ {MONEY} }} }}
  }}
}}
"""
GRANT = """
mutation Grant($id: ID!, $input: OrderGrantRefundCreateInput!) {
  orderGrantRefundCreate(id: $id, input: $input) { grantedRefund { id } errors { field code } }
}
"""
PAY_BACK = """
mutation PayBack($id: ID!) {
  transactionRequestRefundForGrantedRefund(grantedRefundId: $id) { transaction { id } errors { field code } }
}
"""

WEBHOOKS = "query Webhooks { app { id webhooks { id targetUrl isActive asyncEvents { eventType } } } }"
SUBSCRIBE = """
mutation Subscribe($input: WebhookCreateInput!) {
  webhookCreate(input: $input) { webhook { id } errors { field code } }
}
"""
AMEND = """
mutation Amend($id: ID!, $input: WebhookUpdateInput!) {
  webhookUpdate(id: $id, input: $input) { webhook { id } errors { field code } }
}
"""
UNSUBSCRIBE = "mutation Unsubscribe($id: ID!) { webhookDelete(id: $id) { errors { field code } } }"
PROBE = "query Probe { app { id name isActive permissions { code } } shop { version } }"
RECENT = """
query Recent {
  orders(first: 100, sortBy: { field: CREATED_AT, direction: DESC }) { edges { node { id status } } }
}
"""

/** What JSON can say (RFC 8259 §3). */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject

/** A JSON object. */
export type JsonObject = { readonly [name: string]: JsonValue }

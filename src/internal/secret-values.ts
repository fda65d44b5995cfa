/**
 * What the `Secret`s of this process hold. The values live here and not in a `#private` field, because the inspectors of
 * developer tools show those; it also makes `expose` refuse a Proxy and anything that merely inherits from a Secret. And
 * a feature that takes `string | Secret` can look without bundling the class.
 */
export const secretValues = /* @__PURE__ */ new WeakMap<object, string | Uint8Array | undefined>()

/** The value of a Secret; anything else as it is. */
export function exposed(value: unknown): unknown {
  return typeof value === 'object' && value !== null && secretValues.has(value)
    ? secretValues.get(value)
    : value
}

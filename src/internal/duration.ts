/** A length of time in words: `'90s'`, `'5m'`, `'24h'`, `'7d'`, `'250ms'`. A bare number is refused. */
export type Duration = `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`

const UNITS = /* @__PURE__ */ Object.freeze({ ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 })

/**
 * Milliseconds of a duration.
 *
 * @throws TypeError when it is no duration; RangeError when it lies outside `min`…`max` (both included). The message
 * names the option and what it takes, never the value.
 */
export function milliseconds(
  duration: Duration,
  option: string,
  min: Duration = '0ms',
  max: Duration = '36500d',
): number {
  const ms = parse(duration)
  if (ms === undefined) throw new TypeError(`${option}: expected a duration such as '30s', '5m' or '7d'`)
  if (ms < (parse(min) as number) || ms > (parse(max) as number)) {
    throw new RangeError(`${option}: expected a duration from ${min} to ${max}`)
  }
  return ms
}

function parse(duration: unknown): number | undefined {
  const match =
    typeof duration === 'string' ? /^(-?\d{1,12}(?:\.\d{1,6})?)(ms|s|m|h|d)$/.exec(duration) : null
  return match ? Number(match[1]) * UNITS[match[2] as keyof typeof UNITS] : undefined
}

import { type Duration, milliseconds } from '../internal/duration.js'
import { usage } from './exit.js'

/** Reads an option as an integer. Failure 2 naming the option. */
export function integer(option: string, min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
    if (value >= min && value <= max) return value
    throw usage(`${option}: expected an integer from ${min} to ${max}`)
  }
}

/** Reads an option as a duration. TypeError or RangeError naming the option. */
export function duration(option: string, min: Duration, max: Duration): (text: string) => Duration {
  return (text) => {
    milliseconds(text as Duration, option, min, max)
    return text as Duration
  }
}

/** Collects an option that may be repeated, as `name=value`. Failure 2 naming the option. */
export function pairs(option: string): (text: string, previous?: Pairs) => Pairs {
  return (text, previous = {}) => {
    const [, name, value] = /^([A-Za-z][\w.-]*)=(.+)$/s.exec(text) ?? []
    if (name === undefined || value === undefined) throw usage(`${option}: expected name=value`)
    if (Object.hasOwn(previous, name)) throw usage(`${option}: ${name} is given twice`)
    return { ...previous, [name]: value }
  }
}

/** Collects an option that may be repeated. */
export const repeated = (text: string, previous: readonly string[] = []): readonly string[] => [
  ...previous,
  text,
]

type Pairs = Readonly<Record<string, string>>

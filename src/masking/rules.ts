/** What a name says about its value. `subtree` is personal as a whole, whatever it holds. */
export type NameClass = 'secret' | 'tel' | 'mail' | 'text' | 'subtree'

/** A name that was looked up. */
export interface Named {
  /** `undefined` for a name like any other. */
  readonly kind: NameClass | undefined
  /** The name as it may be printed: a name can hold a token too. */
  readonly printed: string
}

/** Collects the names of the rules that hid something; `undefined` when nobody asks. */
export type Fired = Set<string> | undefined

/** What a redactor's options were compiled into. Every surface goes through it, so that no two can disagree. */
export interface Rules {
  /** Looks a property's name up. */
  named(name: string, fired: Fired): Named
  /** The text without secrets. */
  scrub(text: string, fired: Fired): string
  /** The number itself, or what stands for it when it was registered. */
  number(value: number, fired: Fired): number | string
  /** What is printed for text under a name of this kind; the text itself where it is nothing of the kind. */
  personal(kind: 'tel' | 'mail' | 'text', text: string, fired: Fired): string
}

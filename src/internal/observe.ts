/** Tells an observer. Whatever it does, throw or return a promise that rejects, changes no outcome. */
export function notify<A extends readonly unknown[]>(
  observe: ((...about: A) => unknown) | undefined,
  ...about: A
): void {
  if (observe === undefined) return
  try {
    const returned = observe(...about)
    if (returned instanceof Promise) returned.catch(() => {})
  } catch {
    // An observer watches; it has no say.
  }
}

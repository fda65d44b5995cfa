/** A line of the demo's tables. */
export interface Line {
  readonly asExpected: boolean
  readonly title: string
  /** What came of it, in the columns between the title and the time. */
  readonly cells: readonly string[]
  /** What should have. */
  readonly expected: string
  readonly milliseconds: number
}

/** One line each; what was not expected says what was. */
export function printTable(head: readonly string[], lines: readonly Line[]): void {
  const rows = lines.map(({ asExpected, title, cells, expected, milliseconds }) => [
    asExpected ? 'ok' : 'NO',
    title,
    ...cells.with(-1, asExpected ? (cells.at(-1) ?? '') : `${cells.at(-1)} (expected ${expected})`),
    `${milliseconds.toFixed(1)} ms`,
  ])
  const table = [['', ...head, 'time'], ...rows]
  const widths = (table[0] ?? []).map((_, column) =>
    Math.max(...table.map((row) => row[column]?.length ?? 0)),
  )
  const time = widths.length - 1
  const textOf = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        column === time ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')

  const [first = [], ...body] = table
  console.log(textOf(first))
  console.log(widths.map((width) => '-'.repeat(width)).join('  '))
  for (const row of body) console.log(textOf(row))
  const wrong = lines.filter(({ asExpected }) => !asExpected).length
  console.log(`\n${lines.length} of them, ${wrong === 0 ? 'all as expected' : `${wrong} not as expected`}\n`)
}

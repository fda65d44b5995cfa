import type { PlayedScene } from './scene.js'

/** One line a delivery; what was not expected says what was. */
export function printTable(played: readonly PlayedScene[]): void {
  const rows = played.map(({ title, status, why, milliseconds, asExpected, expected }) => [
    asExpected ? 'ok' : 'NO',
    title,
    String(status),
    asExpected ? why : `${why} (expected ${expected.status}, ${expected.why})`,
    `${milliseconds.toFixed(1)} ms`,
  ])
  const table = [['', 'delivery', 'answer', 'why', 'time'], ...rows]
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        column === 4 ? cell.padStart(widths[4] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')

  const [head = [], ...body] = table
  console.log(line(head))
  console.log(widths.map((width) => '-'.repeat(width)).join('  '))
  for (const row of body) console.log(line(row))
  const wrong = played.filter(({ asExpected }) => !asExpected).length
  console.log(
    `\n${played.length} deliveries, ${wrong === 0 ? 'every answer as expected' : `${wrong} not as expected`}`,
  )
}

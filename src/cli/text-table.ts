/** Rows as lines, columns aligned; numbers to the right. */
export function table(rows: readonly (readonly (string | number)[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => String(row[at]).length)))
  return rows.map((row) =>
    row
      .map((cell, at) => String(cell)[typeof cell === 'number' ? 'padStart' : 'padEnd'](widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

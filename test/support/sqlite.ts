/** SQLite in tests: its build for WebAssembly everywhere, and the drivers that can be loaded here. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sqlite from 'node-sqlite3-wasm'
import type { SqliteLike } from 'waxseal/stores/sqlite'

export interface SqliteDriver {
  readonly name: string
  /** A database; several may be open over one file. */
  open(path: string): SqliteLike & { close(): void }
}

/** Its statements must be finalized, and take their parameters as one list. */
const wasm: SqliteDriver = {
  name: 'SQLite (wasm)',
  open(path) {
    const db = new sqlite.Database(path)
    return {
      prepare: (sql) => ({
        all: (...params: unknown[]) => db.all(sql, params as string[]),
      }),
      exec: (sql) => db.exec(sql),
      close: () => db.close(),
    }
  },
}

interface Constructor {
  new (path: string): SqliteLike & { close(): void }
}

async function driver(name: string, module: string, pick: string): Promise<readonly SqliteDriver[]> {
  try {
    const loaded: Readonly<Record<string, Constructor>> = await import(module)
    const Database = loaded[pick]
    return Database === undefined ? [] : [{ name, open: (path) => new Database(path) }]
  } catch {
    return []
  }
}

export const sqliteDrivers: readonly SqliteDriver[] = [
  wasm,
  ...(await driver('node:sqlite', 'node:sqlite', 'DatabaseSync')),
  ...(await driver('better-sqlite3', 'better-sqlite3', 'default')),
]

/** A directory for database files, and its removal. */
export function sqliteFolder(): { path(name: string): string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'wx-sqlite-'))
  return {
    path: (name) => join(folder, name),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

import { createCipheriv, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { postgresSandbox, randomName } from '../support/services.js'
import { sqliteDrivers, sqliteFolder } from '../support/sqlite.js'
import { documents, NEW, OLD, sealOld, secretsIn, TOKEN, WAXSEAL_KEYS, waxseal } from './support.js'
import { commandsOn, damaged, envelope, type Table } from './tables.js'

const sandbox = await postgresSandbox()

describe.skipIf(sandbox === undefined)('on PostgreSQL', () => {
  const { url, schema, pool, env, where, newTable, rotate } = commandsOn(sandbox)
  const password = new URL(url || 'postgres://x').password

  describe('rotate', () => {
    it.each(['bigint', 'integer', 'uuid', 'text'])(
      'brings all rows under the primary, by an id of type %s',
      async (type) => {
        const table = await newTable(450, type)
        const ended = await rotate(table)
        expect([ended.exitCode, ended.stdout]).toEqual([0, ''])
        expect(await table.rotated()).toHaveLength(450)
        expect(ended.stderr).toMatch(
          /^done\n +450 {2}rotated\n +0 {2}conflicts\n +0 {2}failed\n +450 {2}under 2026b, primary\n/m,
        )
        expect(secretsIn(ended.stderr)).toEqual([])
      },
    )

    it('keeps the body: a rewrap renews the key alone; reseal renews both', async () => {
      const body = (text: string | null | undefined) => text?.split('.')[3]
      const table = await newTable(2)
      const [before] = await table.rows()
      await rotate(table)
      const [rewrapped] = await table.rows()
      expect(body(rewrapped?.token)).toBe(body(before?.token))

      const context = ['--tenant-column', 'org', '--purpose', 'wa.access_token', '--context-column', 'id=id']
      const back = { env: { ...env, WAXSEAL_KEYS: `${OLD} ${NEW}` } }
      expect((await rotate(table, ['--mode', 'reseal', ...context], back)).exitCode).toBe(0)
      const [resealed] = await table.rows()
      expect(resealed?.token).toMatch(/^wx1\.2026a\./)
      expect(body(resealed?.token)).not.toBe(body(before?.token))
      const bound = { tenant: 'org_1', purpose: 'wa.access_token', id: resealed?.id ?? '' }
      expect(envelope.open(resealed?.token ?? '', bound)).toBe(TOKEN)
    })

    it('by several workers loses no row and does none twice', async () => {
      const table = await newTable(900, 'bigint')
      const ended = await rotate(table, ['--workers', '3', '--batch', '20', '--json'])
      expect(ended.exitCode).toBe(0)
      expect(await table.rotated()).toHaveLength(900)
      const events = documents(ended)
      expect(events.at(-1)).toMatchObject({ type: 'report', outcome: 'done', rotated: 900, resume: null })
      expect(events.filter(({ type }) => type === 'started')).toHaveLength(1)
      const rotated = events.filter(({ type }) => type === 'batch').map((event) => Number(event['rotated']))
      expect(rotated.reduce((a, b) => a + b)).toBe(900)
    })

    it('takes only the rows that --where names', async () => {
      const table = await newTable(10, 'integer')
      const ended = await rotate(table, ['--where', 't.id <= 4 -- a comment'])
      expect(ended.exitCode).toBe(0)
      expect(await table.rotated()).toEqual(['1', '2', '3', '4'])
    })

    it('begins behind --resume', async () => {
      const table = await newTable(10, 'integer')
      const ended = await rotate(table, ['--resume', '7', '--json'])
      expect(documents(ended).filter(({ type }) => type === 'batch')).toMatchObject([
        { pass: 1, scanned: 3 },
        // A pass that moved rows is followed by one from the start.
        { pass: 2, scanned: 7 },
      ])
    })

    it('writes nothing in a dry run', async () => {
      const table = await newTable(30)
      const before = await table.rows()
      const ended = await rotate(table, ['--dry-run', '--workers', '4'])
      expect(ended.exitCode).toBe(0)
      expect(ended.stderr).toMatch(/^ +30 {2}would be rotated$/m)
      expect(await table.rows()).toEqual(before)
    })

    it('leaves a row that does not open, names it, and is 1', async () => {
      const table = await newTable(25, 'integer')
      const broken = damaged(sealOld(TOKEN, '3'))
      await table.write('3', { token: broken })
      await table.write('4', { token: sealOld(TOKEN, '4').replace('2026a', '2025x') })
      for (const workers of ['1', '3']) {
        const ended = await rotate(table, ['--workers', workers, '--json'])
        expect(ended.exitCode).toBe(1)
        expect(ended.stderr).toContain('row 4: unknown key: key 2025x\n')
        expect(ended.stderr).toMatch(/^key 2025x is not in WAXSEAL_KEYS\nRows failed. Mend that, and run/m)
        expect(ended.stderr).not.toMatch(/left:|--resume/)
        expect(documents(ended).at(-1)).toMatchObject({
          outcome: 'incomplete',
          failed: [{ id: '3' }, { id: '4', code: 'unknown_key' }],
        })
        expect(documents(ended).filter(({ type }) => type === 'row_failed')).toHaveLength(2)
      }
      expect(await table.rotated()).toHaveLength(23)
      expect((await table.rows()).find(({ id }) => id === '3')?.token).toBe(broken)
    })

    it('shows the first twenty rows that failed', async () => {
      const table = await newTable(22, 'integer')
      const { stderr } = await rotate(table, [], { env: { ...env, WAXSEAL_KEYS: NEW } })
      expect(stderr.match(/^row \d+: unknown key: key 2026a$/gm)).toHaveLength(20)
      expect(stderr).toContain('and 2 more')
    })

    it.each(['1', '2'])(
      'stops beyond --max-failures, with %s workers, and says what to mend: who resumed would skip rows',
      async (workers) => {
        const table = await newTable(10, 'integer')
        const args = ['--max-failures', '2', '--batch', '1', '--workers', workers, '--json']
        const ended = await rotate(table, args, { env: { ...env, WAXSEAL_KEYS: NEW } })
        expect(ended.exitCode).toBe(1)
        expect(ended.stderr).toMatch(/^stopped$/m)
        expect(ended.stderr).toMatch(/key 2026a is not in WAXSEAL_KEYS\n.*run the same command again\.\n$/)
        expect(ended.stderr).not.toContain('--resume')
        expect(documents(ended).at(-1)).toMatchObject({ outcome: 'stopped', resume: null })
      },
    )

    describe('with the right to read alone', () => {
      const role = randomName('wx_reader')
      const reader = new URL(url || 'postgres://x')
      reader.searchParams.set('options', `-c role=${role}`)
      const given = { env: { ...env, DATABASE_URL: reader.href } }
      const newReadable = async () => {
        const table = await newTable(10, 'integer')
        await pool.query(`GRANT SELECT ON ${table.name} TO ${role}`)
        return table
      }
      beforeAll(async () => {
        await pool.query(`CREATE ROLE ${role}; GRANT USAGE ON SCHEMA ${schema} TO ${role}`)
      })
      afterAll(async () => {
        await pool.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
      })

      it('a dry run works', async () => {
        const table = await newReadable()
        const ended = await rotate(table, ['--dry-run'], given)
        expect(ended.exitCode).toBe(0)
        expect(ended.stderr).toMatch(/^ +10 {2}would be rotated$/m)
      })

      it.each(['1', '3'])('%s workers end at the first write: 2, and not said to pass', async (workers) => {
        const table = await newReadable()
        const ended = await rotate(table, ['--workers', workers], given)
        expect(ended.exitCode).toBe(2)
        expect(ended.stderr).toContain('waxseal: the database: the store refused access (denied, 42501)')
        expect(ended.stderr).not.toContain('run the same command again')
      })
    })

    it('a context that the columns do not give fails by row', async () => {
      const table = await newTable(3, 'integer')
      await table.write('2', { org: null })
      const context = ['--mode', 'reseal', '--tenant-column', 'org', '--purpose', 'wa.access_token']
      const ended = await rotate(table, [...context, '--context-column', 'id=id'])
      expect(ended.exitCode).toBe(1)
      expect(ended.stderr).toMatch(/^row 2: invalid context: ./m)
      expect(await table.rotated()).toEqual(['1', '3'])
    })

    it('draws a bar on a terminal', async () => {
      const table = await newTable(5)
      const { stderr } = await rotate(table, [], { columns: 80 })
      expect(stderr).toMatch(/rotate █+ {1,2}100% {2}5 done {2}0 left/)
    })
  })

  describe('rotate and inventory with --from-legacy', () => {
    const folder = mkdtempSync(join(tmpdir(), 'waxseal-legacy-'))
    const file = join(folder, 'legacy.json')
    const key = randomBytes(32)
    writeFileSync(
      file,
      JSON.stringify({
        formats: [
          {
            type: 'aesGcm',
            name: 'accounts-2023',
            key: { env: 'LEGACY_KEY', encoding: 'hex' },
            layout: ['iv', 'tag', 'ct'],
            separator: ':',
            encoding: 'hex',
            ivBytes: 12,
          },
        ],
        plaintext: { until: '2099-01-31', accept: '^EAA' },
      }),
    )
    afterAll(() => rmSync(folder, { recursive: true, force: true }))

    const legacyEnv = { ...env, LEGACY_KEY: key.toString('hex') }
    const legacyValue = () => {
      const iv = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', key, iv)
      const ct = Buffer.concat([cipher.update(TOKEN), cipher.final()])
      return [iv, cipher.getAuthTag(), ct].map((part) => part.toString('hex')).join(':')
    }
    const context = ['--tenant-column', 'org', '--purpose', 'wa.access_token', '--context-column', 'id=id']
    const mixed = async (): Promise<Table> => {
      const table = await newTable(8, 'integer')
      await table.write('1', { token: legacyValue() })
      await table.write('2', { token: TOKEN })
      await table.write('3', { token: null })
      return table
    }

    it('legacy and plaintext rows are told apart, then sealed', async () => {
      const table = await mixed()
      const counted = await waxseal(['inventory', ...where(table), '--from-legacy', file, '--json'], {
        env: legacyEnv,
      })
      expect(counted.exitCode).toBe(0)
      expect(documents(counted)).toEqual([
        {
          table: `${schema}.${table.name}`,
          column: 'token',
          primary: '2026b',
          total: 8,
          empty: 1,
          other: 2,
          stale: 7,
          left: 7,
          byKid: { '2026a': 5 },
          blindIndexes: {},
          formats: { 'accounts-2023': 1, plaintext: 1 },
        },
      ])
      expect(counted.stderr).toMatch(/^accounts-2023 +1 +not sealed$/m)

      const ended = await rotate(table, ['--from-legacy', file, ...context], { env: legacyEnv })
      expect(ended.exitCode).toBe(0)
      expect(await table.rotated()).toHaveLength(7)
    })

    it('a plaintext window that is over is said', async () => {
      const table = await mixed()
      const over = join(folder, 'over.json')
      writeFileSync(over, JSON.stringify({ formats: [], plaintext: { until: '2020-01-31', accept: '^EAA' } }))
      const ended = await rotate(table, ['--from-legacy', over, ...context], { env: legacyEnv })
      expect(ended.exitCode).toBe(1)
      expect(ended.stderr).toContain('--from-legacy: the plaintext window is over')
      expect(ended.stderr).toContain('row 2: not sealed: looks like meta_token')
      const still = await rotate(table, ['--from-legacy', file, ...context], { env: legacyEnv })
      expect(still.exitCode).toBe(0)
      expect(still.stderr).not.toContain('window')
    })

    it('what no format recognises is left and is 1', async () => {
      const table = await mixed()
      await table.write('4', { token: 'what is this' })
      const counted = await waxseal(['inventory', ...where(table), '--from-legacy', file], { env: legacyEnv })
      expect(counted.stdout).toMatch(/^unknown +1 +not sealed$/m)
      const ended = await rotate(table, ['--from-legacy', file, ...context], { env: legacyEnv })
      expect(ended.exitCode).toBe(1)
      expect(ended.stderr).toContain('row 4: not sealed')
      expect(ended.stderr).toMatch(/^ +1 {2}not sealed$/m)
      expect(ended.stderr).not.toContain('what is this')
    })

    it('without it such rows are left, and said', async () => {
      const table = await mixed()
      const ended = await rotate(table)
      expect(ended.exitCode).toBe(0)
      expect(ended.stderr).toMatch(/^ +2 {2}not sealed$/m)
    })

    it('a context, or an id, that is missing is 2', async () => {
      const table = await mixed()
      const ended = await rotate(table, ['--from-legacy', file], { env: legacyEnv })
      expect(ended.exitCode).toBe(2)
      expect(ended.stderr).toContain('--purpose, and --tenant-column or --tenant: expected')
      const args = ['--table', `${schema}.${table.name}`, '--column', 'token', '--from-legacy', file]
      const counted = await waxseal(['inventory', ...args], { env: legacyEnv })
      expect(counted.exitCode).toBe(2)
      expect(counted.stderr).toContain('--id: expected with --from-legacy')
    })
  })

  describe('what cannot work', () => {
    it.each([
      ['a table that does not exist', { '--table': 'nowhere' }, 'nowhere: no such table'],
      ['a schema that does not exist', { '--table': 'wx_nowhere.t1' }, 'wx_nowhere.t1: no such table'],
      ['a column that does not exist', { '--column': 'tokn' }, '.tokn: no such column'],
      ['an id that does not exist', { '--id': 'uuid' }, '.uuid: no such column'],
      [
        'a context column that does not exist',
        { '--tenant-column': 'orgx', '--purpose': 'p' },
        '.orgx: no such column',
      ],
      ['two of them', { '--column': 'tokn', '--id': 'uuid' }, '.tokn, '],
      ['a condition that names nothing', { '--where': 'nothing = 1' }, '--where: is no condition'],
      ['a condition that is none', { '--where': 'org =' }, '--where: is no condition'],
      ['a condition that answers no question', { '--where': "'x'::text" }, '--where: is no condition'],
      [
        'an id of another type',
        { '--id': 'org', '--id-type': 'bigint' },
        '.org is of another type than bigint',
      ],
      ['an id to go on from of another type', { '--resume': 'abc' }, '22P02'],
      [
        'a context name with an option of its own',
        { '--tenant': 't', '--purpose': 'p', '--context-column': 'purpose=org' },
        'options of their own',
      ],
    ])('%s is 2', async (_, options, message) => {
      const table = await newTable(1, 'integer')
      const all = { '--table': `${schema}.${table.name}`, '--column': 'token', '--id': 'id', ...options }
      const ended = await waxseal(['rotate', ...Object.entries(all).flat()], { env })
      expect([ended.exitCode, ended.stdout]).toEqual([2, ''])
      expect(ended.stderr).toContain(message)
      expect(ended.stderr).not.toContain('run the same command again')
      expect(await table.rotated()).toEqual([])
    })

    it.each([
      ['a quote', 'token"'],
      ['a semicolon', 'token; DROP TABLE t1'],
      ['a dot too many', 'a.b.c'],
    ])('a name with %s is refused and reaches no statement: 2', async (_, name) => {
      const table = await newTable(1)
      for (const option of ['--table', '--column', '--id', '--tenant-column']) {
        const args = {
          '--table': `${schema}.${table.name}`,
          '--column': 'token',
          '--id': 'id',
          '--purpose': 'p',
        }
        const ended = await waxseal(['rotate', ...Object.entries({ ...args, [option]: name }).flat()], {
          env,
        })
        expect(ended.exitCode).toBe(2)
        expect(ended.stderr).toMatch(/: expected (a name of letters|table or schema\.table)/)
      }
      expect(await table.rows()).toHaveLength(1)
    })

    it.each([
      [
        'no server',
        (url: URL) => Object.assign(url, { port: '1' }),
        'cannot be reached (unavailable, ECONNREFUSED)',
      ],
      [
        'a role that is not there',
        (url: URL) => Object.assign(url, { username: 'wx_nobody' }),
        'refused access (denied, 28',
      ],
    ])('%s is 3, and nothing of the URL is repeated', async (_, change, message) => {
      const changed = change(Object.assign(new URL(url), { password: 'hunter2' })).href
      for (const verb of ['rotate', 'inventory']) {
        const ended = await waxseal([verb, ...where({ name: 't1' }), '--json'], {
          env: { ...env, DATABASE_URL: changed },
        })
        expect(ended.exitCode).toBe(3)
        expect(ended.stderr).toContain(message)
        expect(documents(ended)).toMatchObject([{ type: 'error', code: 'store_error' }])
        expect(ended.stderr + ended.stdout).not.toMatch(/hunter2|wx_nobody|127\.0\.0\.1|localhost/)
      }
    })

    it('a database that is not there is 2', async () => {
      const DATABASE_URL = Object.assign(new URL(url), { pathname: '/wx_nowhere' }).href
      const ended = await rotate({ name: 't1' }, [], { env: { ...env, DATABASE_URL } })
      expect(ended.exitCode).toBe(2)
      expect(ended.stderr).toContain('3D000')
    })

    it.each([
      ['no variable', undefined, 'the environment variable DATABASE_URL is not set'],
      ['a URL of something else', 'mysql://app@db/app', 'DATABASE_URL: expected postgres://…, sqlite:<file>'],
      ['a URL that is none', 'postgres://app:hunter2@db:99999/app', 'DATABASE_URL: expected a URL'],
      ['a file that is not there', 'sqlite:/nowhere/at/all.db', 'DATABASE_URL: there is no such file'],
      ['a file URL that is none', 'file://host/x', 'DATABASE_URL: there is no such file'],
    ])('%s is 2', async (_, DATABASE_URL, message) => {
      const given = DATABASE_URL === undefined ? { WAXSEAL_KEYS } : { WAXSEAL_KEYS, DATABASE_URL }
      const ended = await rotate({ name: 't1' }, [], { env: given })
      expect(ended.exitCode).toBe(2)
      expect(ended.stderr).toContain(message)
      expect(ended.stderr).not.toContain('hunter2')
    })

    it('--database-url without a password is fine', async () => {
      const bare = Object.assign(new URL(url), { password: '', port: '1' }).href
      const ended = await rotate({ name: 't1' }, ['--database-url', bare])
      expect(ended.exitCode).toBe(3)
    })

    it('without its id, rotate is 2', async () => {
      const ended = await waxseal(['rotate', '--table', 't', '--column', 'c'], { env })
      expect([ended.exitCode, ended.stderr]).toEqual([2, 'waxseal: --id: expected\n'])
    })

    it('the password of DATABASE_URL is never said', async () => {
      const table = await newTable(2)
      const ended = await rotate(table, ['--json'])
      expect(password.length).toBeGreaterThan(0)
      expect(`${ended.stdout}${ended.stderr}`).not.toContain(`:${password}@`)
    })
  })

  describe('without a driver', () => {
    afterEach(() => void vi.doUnmock('pg'))

    it('says what to install: 2', async () => {
      vi.doMock('pg', () => {
        throw new Error('not installed')
      })
      const ended = await rotate({ name: 't1' })
      expect([ended.exitCode, ended.stderr]).toEqual([
        2,
        'waxseal: this needs the package pg: npm install pg\n',
      ])
    })
  })
})

describe('on SQLite', () => {
  const folder = sqliteFolder()
  const path = folder.path('app.db')
  const [driver] = sqliteDrivers
  afterAll(() => folder.remove())
  afterEach(() => void vi.restoreAllMocks())

  /** Its errors have a number, as those of Node's. */
  function open(file: string) {
    const db = driver?.open(file)
    return {
      ...db,
      prepare: (sql: string) => ({
        all(...params: unknown[]) {
          try {
            return db?.prepare(sql).all(...params)
          } catch (error) {
            throw Object.assign(error as Error, { errcode: 1 })
          }
        },
      }),
    }
  }

  /** The engine for WebAssembly in the place of Node's, which Node 20 has not. */
  function withDriver(): void {
    const builtin = process.getBuiltinModule
    vi.spyOn(process, 'getBuiltinModule').mockImplementation((name: string) => {
      if (name !== 'node:sqlite') return builtin(name)
      return { DatabaseSync: open }
    })
  }

  it('needs a driver: 2, and says which there are', async () => {
    vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined as never)
    const file = folder.path('none.db')
    writeFileSync(file, '')
    const place = ['--table', 'accounts', '--column', 'token']
    const ended = await waxseal(['inventory', ...place], {
      env: { WAXSEAL_KEYS, DATABASE_URL: `sqlite:${file}` },
    })
    expect(ended).toEqual({
      exitCode: 2,
      stdout: '',
      stderr:
        'waxseal: this needs the package better-sqlite3: npm install better-sqlite3, or Node 22.13 or newer\n',
    })
  })

  it('waits for other writers, and asks no constructor for it', async () => {
    const file = folder.path('busy.db')
    writeFileSync(file, '')
    const seen: unknown[] = []
    function DatabaseSync(...given: readonly [string]) {
      const db = open(...given)
      const close = () => {
        seen.push(given.length, db.prepare('PRAGMA busy_timeout').all())
        db.close?.()
      }
      return { ...db, close }
    }
    vi.spyOn(process, 'getBuiltinModule').mockReturnValue({ DatabaseSync } as never)
    const place = ['--table', 'accounts', '--column', 'token']
    const ended = await waxseal(['inventory', ...place], {
      env: { WAXSEAL_KEYS, DATABASE_URL: `sqlite:${file}` },
    })
    expect(ended.stderr).toContain('accounts: no such table')
    expect(seen).toEqual([1, [{ timeout: 5000 }]])
  })

  it('rotates, counts, and lets the old key go', async () => {
    withDriver()
    const db = driver?.open(path)
    db?.exec('CREATE TABLE accounts (id INTEGER PRIMARY KEY, token TEXT)')
    for (const id of [1, 2, 3])
      db?.prepare('INSERT INTO accounts VALUES (?, ?)').all(id, sealOld(TOKEN, String(id)))
    db?.close()

    const place = ['--table', 'accounts', '--column', 'token']
    for (const DATABASE_URL of [`sqlite:${path}`, `file:${path}`, `file://${path}`, `sqlite://${path}`]) {
      const counted = await waxseal(['inventory', ...place, '--json'], {
        env: { WAXSEAL_KEYS, DATABASE_URL },
      })
      expect(documents(counted)).toMatchObject([{ total: 3, byKid: { '2026a': 3 } }])
    }
    const url = ['--database-url', `sqlite:${path}`]
    const rotated = await waxseal(['rotate', ...place, '--id', 'id', ...url], { env: { WAXSEAL_KEYS } })
    expect(rotated.exitCode).toBe(0)
    expect(rotated.stderr).toMatch(/^ +3 {2}under 2026b, primary$/m)

    const env = { WAXSEAL_KEYS: `${NEW} ${OLD}:disabled` }
    const edit = ['keys', 'edit', 'destroy', '2026a', '--inventory-zero', 'accounts.token', ...url]
    expect((await waxseal(edit, { env })).stdout).toBe(`${NEW} wxk1.2026a:destroyed\n`)
  })

  it.each([
    [
      'a table that does not exist',
      ['--table', 'nowhere', '--column', 'token', '--id', 'id'],
      'nowhere: no such table',
    ],
    [
      'a column that does not exist',
      ['--table', 'accounts', '--column', 'tokn', '--id', 'id'],
      'accounts.tokn: no such column',
    ],
    [
      'several workers',
      ['--table', 'accounts', '--column', 'token', '--id', 'id', '--workers', '2'],
      '--workers: expected 1 with SQLite',
    ],
  ])('%s is 2', async (_, args, message) => {
    withDriver()
    const ended = await waxseal(['rotate', ...args], {
      env: { WAXSEAL_KEYS, DATABASE_URL: `sqlite:${path}` },
    })
    expect(ended.exitCode).toBe(2)
    expect(ended.stderr).toContain(message)
  })
})

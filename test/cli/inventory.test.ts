import { describe, expect, it } from 'vitest'
import { createBlindIndex } from 'waxseal/envelope'
import { createKeyring } from 'waxseal/keyring'
import { postgresSandbox } from '../support/services.js'
import { documents, NEW, OLD, sealOld, TOKEN, waxseal } from './support.js'
import { commandsOn } from './tables.js'

const sandbox = await postgresSandbox()

describe.skipIf(sandbox === undefined)('inventory', () => {
  const { schema, pool, env, newTable, rotate, inventory, destroy } = commandsOn(sandbox)
  const indexOf = (key: string) =>
    createBlindIndex({ keyring: createKeyring([key]), purpose: 'contact.phone' }).of('+15550001111', 'org_1')

  it('counts per key, needs no id, and prints its table to standard output', async () => {
    const table = await newTable(6)
    await table.write(table.ids[0] ?? '', { token: TOKEN })
    const args = ['--table', `${schema}.${table.name}`, '--column', 'token']
    const ended = await waxseal(['inventory', ...args], { env })
    expect(ended).toEqual({
      exitCode: 0,
      stdout: '2026a  5  enabled\nother  1  plaintext or a legacy layout\nempty  0\ntotal  6\n',
      stderr: '',
    })
  })

  it('with --json prints the document there, and the table beside it', async () => {
    const table = await newTable(2)
    const ended = await inventory(table, ['--json'])
    expect(documents(ended)).toEqual([
      {
        table: `${schema}.${table.name}`,
        column: 'token',
        primary: '2026b',
        total: 2,
        empty: 0,
        other: 0,
        stale: 2,
        left: 2,
        byKid: { '2026a': 2 },
        blindIndexes: {},
      },
    ])
    expect(ended.stderr).toMatch(/^2026a +2 +enabled$/m)
  })

  it('with --fail-if-stale is 1 while rows are left', async () => {
    const table = await newTable(3)
    expect((await inventory(table, ['--fail-if-stale'])).exitCode).toBe(1)
    await rotate(table)
    expect((await inventory(table, ['--fail-if-stale'])).exitCode).toBe(0)
  })

  it('judges what is not sealed as left, and calls it stale only where it is declared', async () => {
    const table = await newTable(3)
    await table.write(table.ids[0] ?? '', { token: TOKEN })
    await rotate(table)
    const ended = await inventory(table, ['--fail-if-stale', '--json'])
    expect(ended.exitCode).toBe(1)
    expect(documents(ended)).toMatchObject([{ other: 1, stale: 0, left: 1 }])
  })

  it('tells blind indexes from other values, and from those under the primary that are done', async () => {
    const table = await newTable(4, 'integer')
    await table.write('1', { token: indexOf(OLD) })
    await table.write('2', { token: indexOf(NEW) })
    await table.write('3', { token: 'wxb1.of-something-else' })
    await table.write('4', { token: indexOf(NEW).replace('2026b', 'No Kid') })
    const ended = await inventory(table)
    expect(ended.stdout).toBe(
      [
        '2026a  1  blind index, enabled',
        '2026b  1  blind index, primary',
        '?      1  blind index, unknown',
        'other  1  plaintext or a legacy layout',
        'empty  0',
        'total  4',
        '',
      ].join('\n'),
    )
    const [document] = documents(await inventory(table, ['--json']))
    expect(document).toMatchObject({
      other: 4,
      left: 3,
      byKid: {},
      blindIndexes: { '2026a': 1, '2026b': 1, '?': 1 },
    })
    await table.write('1', { token: indexOf(NEW) })
    for (const id of ['3', '4']) await table.write(id, { token: null })
    expect((await inventory(table, ['--fail-if-stale'])).exitCode).toBe(0)
  })

  it('--timeout limits its statements, and is named when it was too short: 3', async () => {
    const table = await newTable(1)
    const other = await pool.connect()
    await other.query(`BEGIN; LOCK TABLE ${table.name} IN ACCESS EXCLUSIVE MODE`)
    const counted = await inventory(table, ['--timeout', '100ms'])
    const destroyed = await destroy([`${schema}.${table.name}.token`], ['--timeout', '100ms'])
    await other.query('ROLLBACK')
    other.release()
    for (const { exitCode, stderr } of [counted, destroyed]) {
      expect(exitCode).toBe(3)
      expect(stderr).toMatch(/did not answer in time \(timeout(, \w+)?\); a longer --timeout may help/)
    }
  })

  it('a blind index is not sealed under another key by a rotation, which says what it found: 1', async () => {
    const table = await newTable(3, 'integer')
    for (const id of ['1', '2']) await table.write(id, { token: indexOf(OLD) })
    await table.write('3', { token: sealOld(TOKEN, '3').slice(4) })
    const ended = await rotate(table)
    expect(ended.exitCode).toBe(1)
    expect(ended.stderr).toContain(
      'token: nothing here is sealed (rows with a value: 3; blind indexes, which are written anew and not rotated: 2)',
    )
  })

  it('a column that holds other things is 1 for a rotation, also a dry one; an empty one is done', async () => {
    const table = await newTable(2, 'integer')
    for (const id of table.ids) await table.write(id, { token: TOKEN })
    for (const args of [[], ['--dry-run', '--json']]) {
      const ended = await rotate(table, args)
      expect(ended.exitCode).toBe(1)
      expect(ended.stderr).toMatch(
        /nothing here is sealed \(rows with a value: 2\); is it the right column\?/,
      )
    }
    for (const id of table.ids) await table.write(id, { token: '' })
    const ended = await rotate(table)
    expect(ended.exitCode).toBe(0)
    expect(ended.stderr).toMatch(/^no row has a value$/m)
  })
})

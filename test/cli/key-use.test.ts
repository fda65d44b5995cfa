import { describe, expect, it } from 'vitest'
import { createBlindIndex } from 'waxseal/envelope'
import { createKeyring, keyringFromEnv } from 'waxseal/keyring'
import { postgresSandbox } from '../support/services.js'
import { OLD, sealOld, TOKEN } from './support.js'
import { commandsOn } from './tables.js'

const sandbox = await postgresSandbox()

describe.skipIf(sandbox === undefined)('keys edit destroy', () => {
  const { schema, pool, newTable, rotate, destroy } = commandsOn(sandbox)

  it('counts in the database now, refuses while a row is left, and then prints the tombstone', async () => {
    const [table, other] = [await newTable(3), await newTable(1)]
    await rotate(other)
    const columns = [table, other].map(({ name }) => `${schema}.${name}.token`)
    const refused = await destroy(columns)
    expect([refused.exitCode, refused.stdout]).toEqual([1, ''])
    expect(refused.stderr).toBe(
      `${columns[0]}: 3 rows under 2026a\n${columns[1]}: 0 rows under 2026a\nwaxseal: key 2026a is in use: 3 rows\n`,
    )
    await rotate(table)
    const { exitCode, stdout } = await destroy(columns)
    expect(exitCode).toBe(0)
    const { keys } = keyringFromEnv({ env: { WAXSEAL_KEYS: stdout } })
    expect(keys.map(({ kid, state }) => `${kid} ${state}`)).toEqual(['2026b primary', '2026a destroyed'])
  })

  it('refuses while a blind index is left under the key', async () => {
    const table = await newTable(2)
    const [first = ''] = table.ids
    const index = createBlindIndex({ keyring: createKeyring([OLD]), purpose: 'contact.phone' })
    await table.write(first, { token: index.of('+15550001111', 'org_1') })
    await rotate(table)
    const refused = await destroy([`${schema}.${table.name}.token`])
    expect([refused.exitCode, refused.stdout]).toEqual([1, ''])
    expect(refused.stderr).toContain('token: 1 rows under 2026a')

    await table.write(first, { token: index.of('+15550001111', 'org_1').replace('2026a', '2026b') })
    expect((await destroy([`${schema}.${table.name}.token`])).exitCode).toBe(0)
  })

  it.each([
    ['an object of json', 'json', `'{"tokens": {"wa": "' || token || '"}}'`],
    ['an array of jsonb', 'jsonb', `'["", "' || token || '"]'`],
    ['a text array', 'text[]', `'{"",' || token || '}'`],
    ['text before it', 'text', `'token=' || token`],
    ['a column that ignores case', 'text COLLATE wx_ci', 'token'],
  ])('finds an envelope in %s', async (_, type, expression) => {
    const table = await newTable(3)
    await pool.query(
      `CREATE COLLATION IF NOT EXISTS wx_ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`,
    )
    const base = type.split(' ')[0]
    await pool.query(
      `ALTER TABLE ${table.name} ALTER COLUMN token TYPE ${type} USING (${expression})::${base}`,
    )
    const refused = await destroy([`${schema}.${table.name}.token`])
    expect([refused.exitCode, refused.stdout]).toEqual([1, ''])
    expect(refused.stderr).toContain('token: 3 rows under 2026a')

    const [first, ...others] = table.ids
    await pool.query(`DELETE FROM ${table.name} WHERE id = ANY($1)`, [others])
    await pool.query(
      `UPDATE ${table.name} SET token = replace(token::text COLLATE "C", 'wx1.2026a.', 'wx1.2026x.')::${base} WHERE id = $1`,
      [first],
    )
    expect((await destroy([`${schema}.${table.name}.token`])).exitCode).toBe(0)
  })

  it.each([
    ['of ids', 'org', 1],
    ['of an empty table', 'token', 0],
  ])('a column %s proves nothing: 1', async (_, column, count) => {
    const table = await newTable(count)
    const sealed = await newTable(1)
    await rotate(sealed)
    const place = `${schema}.${table.name}.${column}`
    const refused = await destroy([`${schema}.${sealed.name}.token`, place])
    expect([refused.exitCode, refused.stdout]).toEqual([1, ''])
    expect(refused.stderr).toContain(`waxseal: ${place}: nothing here is sealed; is it the right column?\n`)
  })

  it('a kid that begins like another is another', async () => {
    const table = await newTable(1, 'integer')
    await table.write('1', { token: sealOld(TOKEN, '1').replace('2026a', '2026a-b') })
    expect((await destroy([`${schema}.${table.name}.token`])).exitCode).toBe(0)
  })

  it.each(['token"', 'odd-name', "x' OR true --"])(
    'a name such as %s reaches no statement: 2',
    async (name) => {
      const ended = await destroy([`${schema}.t1.${name}`])
      expect([ended.exitCode, ended.stdout]).toEqual([2, ''])
      expect(ended.stderr).toContain(': expected a name of letters, digits')
    },
  )

  it.each([
    ['table', 'nowhere.token', 'no such table'],
    ['column', 't1.nothing', 'no such column'],
  ])('of a %s that does not exist is 2', async (_, place, message) => {
    const ended = await destroy([`${schema}.${place}`])
    expect([ended.exitCode, ended.stdout]).toEqual([2, ''])
    expect(ended.stderr).toContain(`${place}: ${message}`.replace(/^nowhere\.token/, 'nowhere'))
  })
})

import { EventEmitter, once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { PGlite } from '@electric-sql/pglite'
import pg from 'pg'
import postgres from 'postgres'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import {
  type PgTransactionalLike,
  type PostgresRotationOptions,
  postgresRotationStore,
} from 'waxseal/stores/postgres'
import { POSTGRES_URL, postgresSandbox, randomName } from '../support/services.js'

const options: PostgresRotationOptions = { table: 'accounts', column: 'token', id: 'id', idType: 'integer' }
const query = { primary: 'p', legacy: false, after: null, limit: 10, dryRun: false }

/** On a free port, which it returns. */
async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

describe('a client for stores with transactions', () => {
  const pool = new pg.Pool({ connectionString: POSTGRES_URL })
  const sql = postgres(POSTGRES_URL)
  const pglite = new PGlite()
  afterAll(() => Promise.all([pool.end(), sql.end(), pglite.close()]))

  it('may be a Pool of pg, postgres.js or PGlite, by its own type', () => {
    const clients: readonly PgTransactionalLike[] = [pool, sql, pglite]
    for (const client of clients) expect(postgresRotationStore(client, options).claim).toBeTypeOf('function')
  })

  it('is not asked for a connection at creation', () => {
    const asleep = new pg.Pool({ connectionString: 'postgres://127.0.0.1:1/nothing' })
    postgresRotationStore(asleep, options)
    expect(asleep.totalCount).toBe(0)
  })

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['an object', {}],
    ['a URL', POSTGRES_URL],
    ['a class', pg.Pool],
    ['a single connection', new pg.Client({ connectionString: POSTGRES_URL })],
    ['Neon over HTTP', Object.assign(() => {}, { query() {}, transaction() {} })],
    ['a transaction of postgres.js', Object.assign(() => {}, { unsafe() {}, savepoint() {} })],
    ['a client of Redis', { eval() {}, evalsha() {}, connect() {} }],
  ])('must not be %s', (_, client) => {
    expect(() => postgresRotationStore(client as never, options)).toThrow(/^client: expected a Pool/)
  })
})

const sandbox = await postgresSandbox()

describe.skipIf(sandbox === undefined)('a transaction of a store', () => {
  if (sandbox === undefined) return
  const connections = new EventEmitter()
  const onclose = () => connections.emit('closed')
  const name = randomName('client')
  const pool = sandbox.pool({ max: 2, application_name: name })
  pool.on('connect', (client) => client.once('end', onclose))
  const connection = { search_path: sandbox.schema, application_name: name }
  const sql = postgres(sandbox.url, { max: 2, connection, onclose })
  afterAll(() => sql.end())

  const ready = (async () => {
    await pool.query(`CREATE TABLE accounts (id integer PRIMARY KEY, token text);
      INSERT INTO accounts VALUES (1, 'wx1.a.e.b')`)
  })()

  const clients = { pg: pool, 'postgres.js': sql } as const
  for (const [driver, client] of Object.entries(clients)) {
    it(`${driver}: survives that the server ends it while new values are made`, async () => {
      await ready
      const store = postgresRotationStore(client, options)
      const claim = store.claim(query, async ([row]) => {
        const closed = once(connections, 'closed')
        await pool.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE application_name = $1 AND state = 'idle in transaction' AND query LIKE '%SKIP LOCKED%'`,
          [name],
        )
        await closed
        return [{ id: row?.id ?? '', from: 'wx1.a.e.b', to: 'wx1.p.e.b' as never }]
      })
      await expect(claim).rejects.toMatchObject({ code: 'store_error', reason: 'unavailable' })
      expect(await store.inventory('p')).toMatchObject({ stale: 1 })
    })

    it(`${driver}: gives up on a lock that is not to be had, and is usable again`, async () => {
      await ready
      const store = postgresRotationStore(client, { ...options, timeout: '200ms' })
      const holder = await pool.connect()
      await holder.query('BEGIN; LOCK TABLE accounts IN ACCESS EXCLUSIVE MODE')
      await expect(store.claim(query, async () => [])).rejects.toMatchObject({ reason: 'timeout' })
      await holder.query('ROLLBACK')
      holder.release()
      expect(await postgresRotationStore(client, options).inventory('p')).toMatchObject({ stale: 1 })
    })
  }

  it('waits for a connection no longer than the timeout, and gives a late one back', async () => {
    await ready
    const small = sandbox.pool({ max: 1 })
    const held = await small.connect()
    const store = postgresRotationStore(small, { ...options, timeout: '100ms' })
    let worked = false
    const claim = store.claim(query, async () => {
      worked = true
      return []
    })
    await expect(claim).rejects.toMatchObject({ reason: 'timeout' })
    held.release()
    expect(await postgresRotationStore(small, options).inventory('p')).toMatchObject({ total: 1 })
    expect(worked).toBe(false)
    expect([small.totalCount, small.idleCount, small.waitingCount]).toEqual([1, 1, 0])
  })

  it('keeps no listener on a connection that it gives back', async () => {
    await ready
    const small = sandbox.pool({ max: 1 })
    const store = postgresRotationStore(small, options)
    const listeners: number[] = []
    for (let i = 0; i < 3; i++) {
      await store.claim(query, async () => [])
      const connection = await small.connect()
      listeners.push(connection.listenerCount('error'))
      connection.release()
    }
    expect(new Set(listeners).size).toBe(1)
  })

  it('closes a connection on which a statement hangs', async () => {
    await ready
    const { hostname, port } = new URL(sandbox.url)
    const sockets: Socket[] = []
    const proxy = createServer((socket) => {
      const server = connect({ host: hostname, port: Number(port || 5432) })
      for (const one of [socket, server]) one.on('error', () => {})
      sockets.push(socket.on('close', () => server.destroy()))
      socket.pipe(server).pipe(socket)
    })
    const through = new URL(sandbox.url)
    through.host = `127.0.0.1:${await listen(proxy)}`
    const proxied = sandbox.pool({ connectionString: through.href })
    const store = postgresRotationStore(proxied, { ...options, timeout: '1s' })
    const claim = store.claim(query, async ([row]) => {
      for (const socket of sockets) socket.unpipe().pause()
      return [{ id: row?.id ?? '', from: 'wx1.a.e.b', to: 'wx1.p.e.b' as never }]
    })
    await expect(claim).rejects.toMatchObject({ reason: 'timeout' })
    await expect.poll(() => [proxied.totalCount, sockets.length]).toEqual([0, 1])
    expect(await postgresRotationStore(proxied, options).inventory('p')).toMatchObject({ stale: 1 })
    await proxied.end()
    for (const socket of sockets) socket.destroy()
    proxy.close()
  })

  it('says unavailable when the pool was ended', async () => {
    const ended = sandbox.pool()
    await ended.end()
    const store = postgresRotationStore(ended, options)
    await expect(store.inventory('p')).rejects.toMatchObject({ reason: 'unavailable' })
  })
})

describe('a server that is not there or does not answer', () => {
  const sockets = new Set<Socket>()
  const silent = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
  })
  afterEach(() => {
    for (const socket of sockets) socket.destroy()
    silent.close()
  })

  it('is unavailable when it refuses the connection', async () => {
    const pool = new pg.Pool({ connectionString: 'postgres://127.0.0.1:1/nothing' })
    await expect(postgresRotationStore(pool, options).inventory('p')).rejects.toMatchObject({
      reason: 'unavailable',
      driver: 'ECONNREFUSED',
    })
    await pool.end()
  })

  it('is a timeout when it accepts and never answers, and a late failure does not surface', async () => {
    const port = await listen(silent)
    const pool = new pg.Pool({ host: '127.0.0.1', port, user: 'x', database: 'x' })
    const store = postgresRotationStore(pool, { ...options, timeout: '100ms' })
    await expect(store.inventory('p')).rejects.toMatchObject({ reason: 'timeout' })
    for (const socket of sockets) socket.destroy()
    await expect.poll(() => pool.totalCount).toBe(0)
    await pool.end()
  })
})

describe('what drivers throw', () => {
  const store = (thrown: unknown) =>
    postgresRotationStore(
      { query: () => Promise.reject(thrown), transaction: () => Promise.reject(thrown) } as never,
      options,
    )
  const coded = (code: unknown, message = '+4915112345678') => Object.assign(new Error(message), { code })

  it.each([
    ['57014', 'timeout'],
    ['55P03', 'timeout'],
    ['25P03', 'timeout'],
    ['CONNECT_TIMEOUT', 'timeout'],
    ['08006', 'unavailable'],
    ['57P01', 'unavailable'],
    ['57P03', 'unavailable'],
    ['53300', 'unavailable'],
    ['ECONNRESET', 'unavailable'],
    ['ENOTFOUND', 'unavailable'],
    ['EPIPE', 'unavailable'],
    ['CONNECTION_CLOSED', 'unavailable'],
    ['42501', 'denied'],
    ['28P01', 'denied'],
    ['25006', 'read_only'],
    ['53100', 'full'],
    ['53200', 'full'],
    ['40001', 'serialization'],
    ['40P01', 'serialization'],
    ['23505', 'constraint'],
    ['22001', 'constraint'],
    ['22P02', 'constraint'],
    ['P0001', 'constraint'],
    ['44000', 'constraint'],
    ['54000', 'constraint'],
    ['54001', 'unknown'],
    ['42P01', 'schema_missing'],
    ['3F000', 'schema_missing'],
    ['42703', 'unknown'],
    ['XX000', 'unknown'],
  ])('code %s is %s', async (driver, reason) => {
    const failure: unknown = await store(coded(driver))
      .inventory('p')
      .catch((error) => error)
    expect(failure).toMatchObject({ code: 'store_error', reason, driver })
    expect(`${JSON.stringify(failure)} ${(failure as Error).stack}`).not.toContain('4915112345678')
  })

  it.each([
    ['timeout exceeded when trying to connect', 'timeout'],
    ['Connection terminated unexpectedly', 'unavailable'],
    ['Cannot use a pool after calling end on the pool', 'unavailable'],
    ['Client has encountered a connection error and is not queryable', 'unavailable'],
    ['PGlite is closed', 'unavailable'],
    ['something else', 'unknown'],
  ])('without a code, "%s" is %s', async (message, reason) => {
    await expect(store(new Error(message)).inventory('p')).rejects.toMatchObject({ reason })
  })

  const hostile = {
    get code(): never {
      throw new Error('trap')
    },
  }
  it.each([[undefined], [null], ['text'], [7], [{ code: 7 }], [hostile], [coded('+4915112345678')]])(
    'anything else is unknown, without a driver code',
    async (thrown) => {
      const failure: unknown = await store(thrown)
        .inventory('p')
        .catch((error) => error)
      expect(failure).toMatchObject({ code: 'store_error', reason: 'unknown' })
      expect(Object.keys(failure as object)).not.toContain('driver')
    },
  )

  it('an answer without rows is corrupt', async () => {
    const odd = { query: async () => ({}), transaction: (body: (tx: unknown) => unknown) => body(odd) }
    await expect(postgresRotationStore(odd as never, options).inventory('p')).rejects.toMatchObject({
      reason: 'corrupt',
    })
  })
})

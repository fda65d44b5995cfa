import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'

const portable = fileURLToPath(new URL('../../src/internal/crypto/portable.ts', import.meta.url))

/** The modules that put code into a browser bundle of these exports, and the code. */
async function bundle(names: string): Promise<{ modules: string[]; code: string }> {
  const { metafile, outputFiles } = await build({
    stdin: {
      contents: `export { ${names} } from ${JSON.stringify(portable)}`,
      resolveDir: import.meta.dirname,
    },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    write: false,
    metafile: true,
  })
  const modules = Object.values(metafile.outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])),
  )
  return { modules, code: outputFiles.map(({ text }) => text).join('') }
}

describe('a browser bundle of the portable backend', () => {
  it('that only computes HMAC-SHA-256 holds no AES, no curve, no SHA-512 and no SHA-1', async () => {
    const { modules, code } = await bundle('hmac, sha256, equalBytes')
    expect(modules.join('\n')).not.toMatch(/ciphers|curves|legacy|ed25519|key-wrap/)
    // The first round constant of SHA-512 is that of SHA-256 with 32 more bits; 0x67452301 begins SHA-1's state.
    expect(code).not.toMatch(/428a2f98d728ae22|1732584193|SHA512/i)
  })

  it('that only opens AES holds no curve and no hash', async () => {
    const { modules } = await bundle('aesGcm, aesKw, aesCbcDecrypter')
    expect(modules.join('\n')).not.toMatch(/curves|hashes|ed25519/)
  })
})

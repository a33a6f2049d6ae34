// SPDX-License-Identifier: Apache-2.0
//
// What a bundler takes into the client's programs and pages: nothing that only an approver or the console may have.
import { join } from 'node:path'
import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')
const client = 'apps/client-runtime'
const programs = ['daemon/main.ts', 'session-host/main.ts', 'cli/main.ts', 'stick/main.ts']
const pages = ['launcher/main.ts', 'session-host/viewer/session.ts']
// `@tufjs/models` is no such module: the client's own reader of TUF metadata (tuf-js) is made of it. What writes metadata is the console's.
const forbidden: readonly RegExp[] = [
  /^apps\/console\//,
  // Approver keys and all sealed files; keys that sign leases, times and receipts; receipts.
  /^packages\/policy\/src\/trust\/(sealed-key|ed25519-signer)\.ts$/,
  /^packages\/policy\/src\/report\/receipt\.ts$/,
  /^packages\/vm-package\/src\/(seal|keys)\.ts$/,
]
const isForbidden = (path: string) => forbidden.some((pattern) => pattern.test(path))

/** Paths in this checkout of everything that the bundle of this source has something of. */
async function contentsOf(
  source: { readonly contents: string } | { readonly path: string },
  platform: 'node' | 'browser',
): Promise<readonly string[]> {
  const { metafile } = await build({
    ...('path' in source
      ? { entryPoints: [source.path] }
      : { stdin: { contents: source.contents, resolveDir: join(ROOT, client), loader: 'ts' as const } }),
    absWorkingDir: ROOT,
    outdir: 'none',
    bundle: true,
    write: false,
    metafile: true,
    platform,
    format: 'esm',
    tsconfigRaw: {},
    external: ['*.node', '*.wasm', '/novnc/*'],
    logLevel: 'silent',
  })
  return Object.keys(metafile.inputs)
}

describe("the client's bundles", () => {
  it.each([...programs.map((path) => [path, 'node'] as const), ...pages.map((path) => [path, 'browser'] as const)])(
    'have in %s nothing that seals, approves, issues leases, makes receipts or writes TUF metadata',
    async (path, platform) => {
      const contents = await contentsOf({ path: `${client}/${path}` }, platform)
      expect(contents).toContain(`${client}/${path}`)
      expect(contents.filter(isForbidden)).toEqual([])
    },
  )

  it.each(['sealed-key', 'signer', 'receipt'])('would be caught with `@casemate/policy/%s` in them', async (name) => {
    const contents = await contentsOf({ contents: `export * from '@casemate/policy/${name}'\nexport * from '@casemate/policy/report'` }, 'node')
    expect(contents.filter(isForbidden)).toHaveLength(1)
  })
})

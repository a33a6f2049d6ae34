// SPDX-License-Identifier: Apache-2.0
//
// Bundles the daemon and the programs that a session starts, each into one file beside its workspace's sources. Whoever starts one takes
// the bundle only while it is current (packages/engine/src/built-program.ts), and runs the sources else: nothing depends on a build.
import { hash } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { build, type Plugin } from 'esbuild'
import { currentProgram, HEAD } from '../../packages/engine/src/built-program.ts'
import { DAEMON } from './daemon.ts'

const ROOT = join(import.meta.dirname, '../..')
const programs = {
  'packages/engine/src/v86/child/main.ts': 'packages/engine/dist/v86-child.mjs',
  'apps/client-runtime/session-host/main.ts': 'apps/client-runtime/dist/session-host.mjs',
  [DAEMON.sources]: DAEMON.bundle,
}
const PACKAGE = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/
const WORKSPACE = /^(?:apps|packages)\/[^/]+/

/** Those that are not current. @throws the error of esbuild or of the system */
export async function buildPrograms(): Promise<void> {
  await Promise.all(
    Object.entries(programs).map(async ([entry, out]) => {
      if ((await currentProgram(join(ROOT, out))) === null) await buildProgram(join(ROOT, entry), join(ROOT, out))
    }),
  )
}

/** @param out whole or not at all */
export async function buildProgram(entry: string, out: string): Promise<void> {
  const folder = dirname(out)
  await mkdir(folder, { recursive: true })
  const sources = new Map<string, string>()
  const { outputFiles, metafile } = await build({
    entryPoints: [entry],
    outfile: out,
    absWorkingDir: folder,
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    // Whatever configuration lies around: it is no input.
    tsconfigRaw: {},
    // Packages in CommonJS ask for Node's modules by it.
    banner: { js: "import { createRequire } from 'node:module'\nconst require = createRequire(import.meta.url)" },
    plugins: [ownSources(folder, sources)],
    logLevel: 'silent',
  })
  const [bundle] = outputFiles
  if (bundle === undefined) throw new Error(`esbuild made nothing of \`${entry}\``)
  const head = { ...Object.fromEntries(sources), ...(await manifests(folder, Object.keys(metafile.inputs))) }
  const aside = `${out}.${process.pid}`
  try {
    await writeFile(aside, `${HEAD}${JSON.stringify(head)}\n${bundle.text}`)
    await rename(aside, out)
  } finally {
    await rm(aside, { force: true })
  }
}

/** Of every package that something came from: those of the workspaces say what leads where, npm's have the version of what is in them. */
async function manifests(folder: string, inputs: readonly string[]): Promise<Readonly<Record<string, string>>> {
  const folders = inputs.map((path) => PACKAGE.exec(path)?.[0] ?? WORKSPACE.exec(relative(ROOT, join(folder, path)))?.[0])
  const paths = [...new Set(folders)]
    .filter((found) => found !== undefined)
    .map((found) => join(found.includes('node_modules/') ? folder : ROOT, found, 'package.json'))
  return Object.fromEntries(await Promise.all(paths.map(async (path) => [relative(folder, path), hash('sha256', await readFile(path))])))
}

/** Notes the SHA-256 of each, and lets it find beside the bundle what it finds beside itself. */
function ownSources(folder: string, seen: Map<string, string>): Plugin {
  return {
    name: 'own-sources',
    setup: ({ onLoad }) => {
      onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        const bytes = await readFile(path)
        const place = relative(folder, path)
        seen.set(place, hash('sha256', bytes))
        const url = `new URL(${JSON.stringify(place)}, import.meta.url)`
        const folderOf = `process.getBuiltinModule('node:path').dirname(process.getBuiltinModule('node:url').fileURLToPath(${url}))`
        const contents = bytes
          .toString()
          .replaceAll(/\bimport\.meta\.(url|dirname)\b/g, (_found, what) => (what === 'url' ? `${url}.href` : folderOf))
        return { contents, loader: 'ts' }
      })
    },
  }
}

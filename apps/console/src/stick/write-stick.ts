// SPDX-License-Identifier: Apache-2.0
//
// A folder that carries the client runtime beside a hand-over: what is started from it needs neither Node nor npm, and keeps its data in it.
// It gives no trust: what comes from it is verified as on every other device.
import { access, cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import { firmwareFolder, requireFirmware } from '@casemate/engine/v86-firmware'
import { makeAside } from '../make-aside.ts'
import { runtimePackages } from './runtime-packages.ts'

const CHECKOUT = join(import.meta.dirname, '../../../..')
const RUNTIME = 'apps/client-runtime'
/** Of a workspace, not needed to run. */
const leftOut = new Set(['node_modules', 'test', 'vectors', 'tsconfig.json'])

const script = `#!/bin/sh
# Casemate from this folder, its data beside it: \`./casemate\` runs it, \`./casemate help\` shows what else it does. Desktops run on v86, which
# every computer has; \`./casemate --engine qemu\` activates new ones on QEMU, and they then run where there is one.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd -P)
runtime="$here/runtime/apps/client-runtime"
run() { exec "$here/runtime/node" --disable-warning=ExperimentalWarning "$@"; }
case "\${1-}" in
  '' | --engine) run "$runtime/stick/main.ts" --stick "$here" "$@" ;;
  help) run "$runtime/cli/main.ts" "$@" ;;
  # What the stick brought, unless told otherwise.
  import) case "\${2-}" in '' | -*) shift && set -- import "$here/desktop" "$@" ;; esac ;;
esac
run "$runtime/cli/main.ts" "$@" --data "$here/data"
`

interface StickOptions {
  /** Makes the hand-over, a file or a folder with its parts, at the path that it is given. */
  readonly handover: (path: string) => Promise<void>
  /** Of v86, which has no other; QEMU brings its own. Default: where this computer has it. */
  readonly firmware?: string
}

/**
 * A folder at `out`, whole or not at all.
 * @throws EngineError `firmware-missing` that names what to install; what `handover` throws; the error of the system.
 */
export async function writeStick(out: string, { handover, firmware }: StickOptions): Promise<void> {
  const images = Object.values(await requireFirmware(firmware ?? (await firmwareFolder())))
  await makeAside(out, async (stick) => {
    await writeRuntime(join(stick, 'runtime'), images)
    await writeFile(join(stick, 'casemate'), script, { mode: 0o755 })
    await handover(join(stick, 'desktop'))
  })
}

async function writeRuntime(runtime: string, images: readonly string[]): Promise<void> {
  const { workspaces, modules } = runtimePackages(await readFile(join(CHECKOUT, 'package-lock.json'), 'utf8'), RUNTIME)
  await mkdir(join(runtime, 'firmware'), { recursive: true })
  for (const image of images) await cp(image, join(runtime, 'firmware', basename(image)), { dereference: true })
  await cp(process.execPath, join(runtime, 'node'), { dereference: true })
  for (const folder of workspaces) {
    const from = join(CHECKOUT, folder)
    await cp(from, join(runtime, folder), { recursive: true, filter: (path) => path === from || !leftOut.has(basename(path)) })
    const { name } = JSON.parse(await readFile(join(from, 'package.json'), 'utf8'))
    const link = join(runtime, 'node_modules', name)
    await mkdir(dirname(link), { recursive: true })
    await symlink(relative(dirname(link), join(runtime, folder)), link)
  }
  for (const folder of modules) {
    const from = join(CHECKOUT, folder)
    // One for another system is not installed here.
    if (!(await isThere(from))) continue
    // Those nested in it are named by themselves, where they are needed.
    await cp(from, join(runtime, folder), { recursive: true, filter: (path) => path === from || basename(path) !== 'node_modules' })
  }
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )

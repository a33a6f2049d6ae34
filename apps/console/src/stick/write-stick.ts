// SPDX-License-Identifier: Apache-2.0
//
// A folder that carries the client runtime beside a hand-over: what is started from it needs neither Node nor npm, and keeps its data in it.
// It gives no trust: what comes from it is verified as on every other device.
import { access, cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import { ConsoleError } from '../error.ts'
import { runtimePackages } from './runtime-packages.ts'

const CHECKOUT = join(import.meta.dirname, '../../../..')
const RUNTIME = 'apps/client-runtime'
const SEABIOS = '/usr/share/seabios'
/** That v86 reads; QEMU brings its own. */
const firmware = ['bios.bin', 'vgabios-stdvga.bin', 'acpi-dsdt.aml']
/** Of a workspace, not needed to run. */
const leftOut = new Set(['node_modules', 'test', 'vectors', 'tsconfig.json'])

/** Of the hand-over on the stick: the file, or the folder with its parts. */
export const stickHandover = (stick: string): string => join(stick, 'desktop')

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

/**
 * Everything but the hand-over.
 * @param stick a folder that is there and empty. @throws ConsoleError `tool-missing` that names what to install; the error of the system.
 */
export async function writeStick(stick: string): Promise<void> {
  const runtime = join(stick, 'runtime')
  const { workspaces, modules } = runtimePackages(await readFile(join(CHECKOUT, 'package-lock.json'), 'utf8'), RUNTIME)
  await mkdir(join(runtime, 'firmware'), { recursive: true })
  for (const name of firmware) await copyFirmware(name, join(runtime, 'firmware', name))
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
  await writeFile(join(stick, 'casemate'), script, { mode: 0o755 })
}

async function copyFirmware(name: string, to: string): Promise<void> {
  await cp(join(SEABIOS, name), to, { dereference: true }).catch((cause: unknown) => {
    throw new ConsoleError('tool-missing', `\`${join(SEABIOS, name)}\` cannot be read: install the Debian package \`seabios\``, { cause })
  })
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )

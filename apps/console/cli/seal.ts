// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path'
import { mostEulaBytes } from '@casemate/vm-package/eula'
import { newPackageKey, wrapPackageKey } from '@casemate/vm-package/keys'
import { manifestSha256, parseManifest } from '@casemate/vm-package/manifest'
import { sealPackage } from '@casemate/vm-package/seal'
import type { SealNote } from '@casemate/vm-package/seal-note'
import { openFolderStore } from '@casemate/vm-package/store'
import { Command, InvalidArgumentError, Option } from 'commander'
import { bootWords, defaultLimitSeconds, defaultQuietSeconds, mostBootSeconds, type RecordedBoot } from '../src/packages/boot-end.ts'
import { quietOrLimit, recordBoot } from '../src/packages/record-boot.ts'
import { readInstant } from './data-option.ts'
import { collectDisk } from './disk-option.ts'
import { AdminError } from './error.ts'
import { readSmallFile, refuseExisting, requireWritable, writeNewFile } from './files.ts'
import { stopOnSignal } from './interrupt.ts'
import { openOrganisationKey } from './organisation-key.ts'
import { bytesText, print } from './output.ts'
import { Progress } from './progress.ts'
import { collectRole, openSealInput, type SealInput, type SealInputOptions } from './seal-input.ts'
import { readCustomization, readScripts } from './text-folder.ts'

interface Options extends SealInputOptions {
  readonly name: string
  readonly version: string
  readonly store: string
  readonly orgKey: string
  readonly passphraseFile?: string
  readonly customization?: string
  readonly scripts?: string
  readonly notBefore?: string
  readonly notAfter?: string
  readonly recordBoot?: number
  readonly recordQuiet: number
  readonly recordEngine: 'qemu' | 'v86'
  readonly warmState?: true
  readonly out: string
  readonly json?: true
}

export function sealCommand(): Command {
  return new Command('seal')
    .description('make a package out of disk images: objects in the store, `manifest.json` and `package-key.json` in the output folder')
    .requiredOption('--name <name>', 'name of the package')
    .requiredOption('--version <version>', 'version of the package')
    .option('--machine <file>', 'machine.yaml: hardware, and a controller for each disk')
    .option(
      '--disk <name=path[:role]>',
      'a disk image: raw (also .gz, .xz, .zst), qcow2, VMDK, VDI, VHD or VHDX; in order, the first one boots (repeatable)',
      collectDisk,
    )
    .option('--appliance <file>', 'an OVA, or an OVF with its files beside it, in place of `--machine` and `--disk`')
    .option('--role <name=role>', 'of a disk of the appliance: `system`, `disk2` and so on; role `system` or `user` (repeatable)', collectRole)
    .requiredOption('--store <folder>', 'object store')
    .requiredOption('--org-key <file>', "the organisation's sealed chunk key")
    .option('--passphrase-file <file>', 'one line; asked on the terminal without it')
    .option('--eula <file>', 'UTF-8 text that each user accepts before activation; without it, the licence of the appliance')
    .option('--scripts <folder>', 'scripts that policies may have devices run before power-on and after power-off, each under the name of its file')
    .option('--customization <folder>', 'files of the medium that each instance is given, with placeholders: a NoCloud seed, an unattend file')
    .option('--not-before <time>', 'devices run it from then on: 2027-01-31T08:00:00Z', readInstant)
    .option('--not-after <time>', 'devices run it until then', readInstant)
    .addOption(
      new Option('--record-boot [seconds]', `boot the package, at most so long (${defaultLimitSeconds}), and let devices fetch what it reads first`)
        .argParser(parseSeconds)
        .preset(String(defaultLimitSeconds)),
    )
    .option('--record-quiet <seconds>', 'end the recorded boot once its guest has read nothing new for so long', parseSeconds, defaultQuietSeconds)
    .addOption(new Option('--record-engine <engine>', 'what boots it').choices(['qemu', 'v86']).default('qemu'))
    .option('--warm-state', 'let first starts on v86 go on from where the recorded boot was in the end')
    .requiredOption('--out <folder>', 'where manifest and key go')
    .action(seal)
}

function parseSeconds(text: string): number {
  const seconds = Number(text)
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > mostBootSeconds) {
    throw new InvalidArgumentError(`expected 1 to ${mostBootSeconds} seconds`)
  }
  return seconds
}

/** @throws AdminError `usage` */
function checkWarmState({ warmState, recordBoot, recordEngine, customization }: Options): void {
  if (warmState === undefined) return
  const needed = recordBoot === undefined ? '`--record-boot`' : recordEngine !== 'v86' ? '`--record-engine v86`' : null
  if (needed !== null) throw new AdminError('usage', 'usage', `expected ${needed} with \`--warm-state\``)
  if (customization === undefined) return
  const why = 'a guest that goes on from another boot never reads the files of its instance'
  throw new AdminError('usage', 'usage', `expected \`--warm-state\` or \`--customization\`, found both: ${why}`)
}

async function seal(options: Options): Promise<void> {
  checkWarmState(options)
  // All that may refuse comes before the long part.
  for (const path of outputs(options)) await refuseExisting(path)
  await requireWritable(options.out)
  const input = await openSealInput(options)
  try {
    await sealInput(options, input)
  } finally {
    await input.close()
  }
}

function outputs({ out }: Options): readonly [manifest: string, key: string] {
  return [join(out, 'manifest.json'), join(out, 'package-key.json')]
}

async function sealInput(options: Options, input: SealInput): Promise<void> {
  const { name, version, store, orgKey, passphraseFile, customization, notBefore = null, notAfter = null, json } = options
  const { recordBoot: limitSeconds, recordQuiet: quietSeconds, recordEngine, warmState = false } = options
  const [manifestPath, keyPath] = outputs(options)
  for (const note of input.notes) process.stderr.write(`note: ${note}\n`)
  const licence = await readLicence(options, input)
  const media = customization === undefined ? {} : { customization: await readCustomization(customization) }
  const scripts = options.scripts === undefined ? {} : { scripts: await readScripts(options.scripts) }
  const key = await openOrganisationKey(orgKey, passphraseFile)
  const packageKey = newPackageKey()
  const signal = stopOnSignal()
  await input.check(signal)
  const progress = new Progress('sealed')
  const objects = await openFolderStore(store)
  const notes: SealNote[] = []
  const sealed = await sealPackage({
    name,
    version,
    createdAt: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
    hardware: input.hardware,
    disks: input.disks,
    ...licence,
    ...media,
    ...scripts,
    validity: { notBefore, notAfter },
    orgKey: key,
    packageKey,
    store: objects,
    signal,
    onNote: (note) => {
      notes.push(note)
      process.stderr.write(`note: ${note.message}\n`)
    },
    onProgress: ({ bytesRead, bytesTotal }) => progress.update(bytesRead, bytesTotal),
  })
  progress.finish(sealed.stats.bytesRead, sealed.stats.bytesTotal)
  const { stats } = sealed
  let { manifest, sha256 } = sealed
  let recordedBoot: RecordedBoot | null = null
  const bootLines: string[] = []
  if (limitSeconds !== undefined) {
    const limits = { limitSeconds, quietSeconds }
    process.stderr.write(`note: boots it once on ${recordEngine}, for at most ${limitSeconds} s\n`)
    const boot = { manifest: parseManifest(manifest), manifestBytes: manifest, sha256, packageKey, store, engine: recordEngine, warmState }
    ;({ manifest, boot: recordedBoot } = await recordBoot({ ...boot, until: quietOrLimit(limits), signal }))
    bootLines.push(`booted    ${bootWords(recordedBoot, limits)}`)
    sha256 = manifestSha256(manifest)
  }
  const ofAppliance = input.notes.map((message) => ({ code: 'appliance', message }))
  // The manifest comes last: where it is, the package is whole.
  await writeNewFile(keyPath, wrapPackageKey(key, packageKey, sha256))
  await writeNewFile(manifestPath, manifest)
  print(json, { manifest: manifestPath, sha256, packageKey: keyPath, stats, recordedBoot, notes: [...ofAppliance, ...notes] }, [
    `sealed \`${name}\` ${version}`,
    `manifest  ${manifestPath}`,
    `sha256    ${sha256}`,
    `key       ${keyPath}`,
    `read      ${bytesText(stats.bytesRead)} in ${stats.chunks} chunks`,
    `known     ${stats.reusedChunks} of these chunks from earlier seals`,
    `stored    ${bytesText(stats.storedBytes)} in ${stats.newObjects} new objects`,
    ...bootLines,
  ])
}

async function readLicence({ eula }: Options, input: SealInput): Promise<{ readonly eula?: Uint8Array }> {
  if (eula !== undefined) return { eula: await readSmallFile(eula, mostEulaBytes) }
  return input.eula === null ? {} : { eula: Buffer.from(input.eula) }
}

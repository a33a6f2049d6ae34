// SPDX-License-Identifier: Apache-2.0
//
// One file, or a folder of parts, with which an enrolled device runs a release without the network: a tar of what the console would serve.
import { resolve } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { gatherHandover } from '../src/handover/gather.ts'
import { writeHandover } from '../src/handover/write-handover.ts'
import { consoleLayout } from '../src/organisation/layout.ts'
import { folderStore } from '../src/publish/folder-store.ts'
import { writeStick } from '../src/stick/write-stick.ts'
import { type DataOption, withData } from './data-option.ts'
import { AdminError } from './error.ts'
import { refuseExisting } from './files.ts'
import { stopOnSignal } from './interrupt.ts'
import { bytesText, print } from './output.ts'
import { openPackageSource, openWithKey } from './package-source.ts'
import { Progress } from './progress.ts'

interface Options extends DataOption {
  readonly desktop: string
  readonly serial?: number
  readonly passphraseFile?: string
  readonly out: string
  readonly partSize?: number
  readonly stick?: true
}

/** Bytes; smaller ones are typing errors. */
const leastPart = 1_000_000

export function exportCommand(): Command {
  return withData(new Command('export'))
    .description('write a release with all that a device needs to run it without the network, its lease apart, for `casemate import`')
    .requiredOption('--desktop <slug>', 'the desktop')
    .option('--serial <number>', 'a published release; the newest without it', readSerial)
    .option('--passphrase-file <file>', 'one line; asked on the terminal without it')
    .requiredOption('--out <path>', 'the file, or with `--part-size` the folder, which must not be there yet')
    .option('--stick', 'make a folder with the client runtime too, which runs from there: `casemate` in it starts it')
    .option(
      '--part-size <size>',
      'write parts of this size into a folder, for DVDs or sticks: 650MB, 4GB (the most that FAT32 takes), 4.7GB',
      readSize,
    )
    .action(exportRelease)
}

async function exportRelease(options: Options): Promise<void> {
  const { data, desktop, passphraseFile, json, partSize, stick = false } = options
  const out = resolve(options.out)
  await refuseExisting(out)
  const source = await openPackageSource({ data, ...(passphraseFile === undefined ? {} : { passphraseFile }) })
  const handover = await gatherHandover({
    ...{ repository: folderStore(consoleLayout(data).repository), objects: source.store, desktop, serial: options.serial ?? null },
    openPackage: ({ name, version }) => openWithKey(source, `${name}/${version}`),
  })
  const { release, objects, objectBytes } = handover
  const progress = new Progress('exported')
  const onProgress = (bytes: number) => progress.update(bytes, objectBytes)
  const how = { store: source.store, partBytes: partSize ?? null, onProgress, signal: stopOnSignal() }
  const write = (path: string) => writeHandover(path, handover, how)
  await (stick ? writeStick(out, { handover: write }) : write(out)).catch((cause: unknown) => {
    if (!(cause instanceof Error && 'syscall' in cause)) throw cause
    throw new AdminError('environment', 'file-unwritable', `\`${out}\` cannot be written: ${cause.message}`, cause)
  })
  progress.finish(objectBytes)
  print(json, { file: out, desktop, serial: release.serial, objects: objects.length, bytes: objectBytes }, [
    `\`${desktop}\` release ${release.serial}: ${objects.length} objects, ${bytesText(objectBytes)}`,
    `written to ${out}`,
  ])
}

function readSerial(text: string): number {
  if (!/^[1-9][0-9]{0,8}$/.test(text)) throw new InvalidArgumentError('expected a number from 1 on.')
  return Number(text)
}

function readSize(text: string): number {
  const [, number = '', unit] = /^(\d{1,4}(?:\.\d{1,3})?)(MB|GB)$/.exec(text) ?? []
  const bytes = Math.round(Number(number) * (unit === 'GB' ? 1e9 : 1e6))
  if (bytes < leastPart) throw new InvalidArgumentError('expected a size from 1MB on, such as 650MB, 4GB or 4.7GB.')
  return bytes
}

// SPDX-License-Identifier: Apache-2.0
//
// One file with which an enrolled device runs a release without the network: a tar of what the console would serve.
import { Command, InvalidArgumentError } from 'commander'
import { gatherHandover } from '../src/handover/gather.ts'
import { writeHandover } from '../src/handover/write-handover.ts'
import { consoleLayout } from '../src/organisation/layout.ts'
import { folderStore } from '../src/publish/folder-store.ts'
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
}

export function exportCommand(): Command {
  return withData(new Command('export'))
    .description('write a release with all that a device needs to run it without the network, its lease apart, into one file for `casemate import`')
    .requiredOption('--desktop <slug>', 'the desktop')
    .option('--serial <number>', 'a published release; the newest without it', readSerial)
    .option('--passphrase-file <file>', 'one line; asked on the terminal without it')
    .requiredOption('--out <file>', 'the file, which must not be there yet')
    .action(exportRelease)
}

async function exportRelease(options: Options): Promise<void> {
  const { data, desktop, passphraseFile, out, json } = options
  await refuseExisting(out)
  const source = await openPackageSource({ data, ...(passphraseFile === undefined ? {} : { passphraseFile }) })
  const handover = await gatherHandover({
    ...{ repository: folderStore(consoleLayout(data).repository), objects: source.store, desktop, serial: options.serial ?? null },
    openPackage: ({ name, version }) => openWithKey(source, `${name}/${version}`),
  })
  const { release, objects, objectBytes } = handover
  const progress = new Progress('exported')
  const onProgress = (bytes: number) => progress.update(bytes, objectBytes)
  await writeHandover(out, handover, { store: source.store, onProgress, signal: stopOnSignal() }).catch((cause: unknown) => {
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

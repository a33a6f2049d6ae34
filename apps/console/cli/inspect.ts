// SPDX-License-Identifier: Apache-2.0

import type { Hardware } from '@casemate/vm-package/hardware'
import { Command } from 'commander'
import { readManifestFile } from './manifest-file.ts'
import { bytesText, print } from './output.ts'

interface Options {
  readonly manifest: string
  readonly sha256?: string
  readonly json?: true
}

/** Beyond what every machine has. */
function extras({ cpuModel, usb, tpm, watchdog, panic, agent }: Hardware): string {
  const named = [
    cpuModel === undefined ? [] : `CPU ${cpuModel}`,
    usb === undefined ? [] : `USB ${usb}`,
    tpm === undefined ? [] : `TPM ${tpm}`,
    watchdog === undefined ? [] : 'watchdog',
    panic === undefined ? [] : 'panic device',
    agent === undefined ? [] : 'guest agent',
  ].flat()
  return named.map((one) => `, ${one}`).join('')
}

export function inspectCommand(): Command {
  return new Command('inspect')
    .description('show what a manifest says')
    .requiredOption('--manifest <file>', 'the manifest')
    .option('--sha256 <hex>', 'refuse any other manifest')
    .action(async ({ manifest: path, sha256: expected, json }: Options) => {
      const { manifest, sha256 } = await readManifestFile(path, expected)
      const { hardware, validity } = manifest
      const network = hardware.network === null ? 'no network card' : `network card ${hardware.network.model}`
      print(json, { sha256, manifest }, [
        `\`${manifest.name}\` ${manifest.version}, sealed ${manifest.createdAt}`,
        `sha256    ${sha256}`,
        `runtime   ${manifest.minRuntime} or later`,
        `valid     from ${validity.notBefore ?? 'always'} to ${validity.notAfter ?? 'always'}`,
        `hardware  ${hardware.cpus} CPU, ${hardware.memoryMiB} MiB, ${hardware.chipset}, ${hardware.firmware}, ${network}${extras(hardware)}`,
        ...manifest.disks.map((disk) => `disk      ${disk.name}: ${disk.role}, ${bytesText(disk.size)}, ${disk.controller}, root ${disk.root}`),
      ])
    })
}

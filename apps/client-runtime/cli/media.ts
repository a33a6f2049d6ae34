// SPDX-License-Identifier: Apache-2.0
import { resolve } from 'node:path'
import { deviceChoices } from '@casemate/engine/device-spec'
import { Argument, Command } from 'commander'
import type { MediumChange } from '../local-api.ts'
import { callDaemon } from './call-daemon.ts'
import { type CommonOptions, instanceLines, print } from './print.ts'

const drive = () => new Argument('<drive>').choices(deviceChoices.drives)

export function insertCommand(): Command {
  return new Command('insert')
    .description('put the image of a disc or floppy into a drive of a desktop that runs')
    .argument('<instance>')
    .addArgument(drive())
    .argument('<file>', 'an ISO image, or a floppy image of 1.44 MB')
    .action((instance: string, of: MediumChange['drive'], file: string, options: CommonOptions) => change(instance, of, resolve(file), options))
}

export function ejectCommand(): Command {
  return new Command('eject')
    .description('empty a drive of a desktop that runs')
    .argument('<instance>')
    .addArgument(drive())
    .action((instance: string, of: MediumChange['drive'], options: CommonOptions) => change(instance, of, null, options))
}

async function change(instance: string, drive: MediumChange['drive'], path: string | null, options: CommonOptions): Promise<void> {
  const result = await callDaemon(options.data, 'changeMedium', { instance, drive, path })
  print(options, result, instanceLines(result))
}

// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path'
import { Command } from 'commander'
import { z } from 'zod'
import { type DataOption, withData } from './data-option.ts'
import { readSmallFile } from './files.ts'
import { callOperator } from './operator-call.ts'
import { print } from './output.ts'

export function packageStageCommand(): Command {
  return withData(new Command('stage'))
    .description('put a sealed package forward for approval')
    .requiredOption('--sealed <folder>', '`manifest.json` and `package-key.json`, as `seal` wrote them')
    .action(async ({ data, sealed, json }: DataOption & { readonly sealed: string }) => {
      const manifest = await readSmallFile(join(sealed, 'manifest.json'), 1_048_576)
      const sealedKey = await readSmallFile(join(sealed, 'package-key.json'), 4096)
      const body = { manifest: manifest.toString('base64'), sealedKey: sealedKey.toString('base64') }
      const { raw, read } = await callOperator(data, 'stage-package', body, z.object({ path: z.string() }))
      print(json, raw, [`\`${read.path}\` waits for approval by role packages`])
    })
}

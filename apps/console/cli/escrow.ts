// SPDX-License-Identifier: Apache-2.0
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Command } from 'commander'
import { z } from 'zod'
import { type DataOption, timeText, withData } from './data-option.ts'
import { refuseExisting, writeNewFile } from './files.ts'
import { callOperator } from './operator-call.ts'
import { print } from './output.ts'

const split = z.object({ instance: z.string(), threshold: z.number(), resets: z.number(), receivedAt: z.number(), keys: z.array(z.string()) })
const exported = z.object({
  agreementKey: z.object({}).loose(),
  shares: z.array(z.object({ index: z.int(), key: z.string().regex(/^[A-Za-z0-9_-]{43}$/), share: z.string() })),
})

export function escrowListCommand(): Command {
  return withData(new Command('list').argument('<device>'))
    .description('list the instances of a device whose keys administrators can open together')
    .action(async (device: string, { data, json }: DataOption) => {
      const { raw, read } = await callOperator(data, 'list-escrow', { device }, z.object({ splits: z.array(split) }))
      const lines = read.splits.flatMap(({ instance, threshold, resets, receivedAt, keys }) => [
        `${instance}: ${threshold} of ${keys.length} administrators, as of ${timeText(receivedAt)}, after ${resets} resets`,
        ...keys.map((key, at) => `  share ${at + 1}: ${key}`),
      ])
      print(json, raw, lines.length === 0 ? [`no shares of \`${device}\` are kept`] : lines)
    })
}

interface ExportOptions extends DataOption {
  readonly instance: string
  readonly for?: string
  readonly out: string
}

export function escrowExportCommand(): Command {
  return withData(new Command('export').argument('<device>'))
    .description('write the sealed shares of an instance, one file for each administrator, and the key that they go to')
    .requiredOption('--instance <slug>', 'the instance')
    .option('--for <device>', 'the device that the instance moves to: its key is the one that the shares go to')
    .requiredOption('--out <folder>', 'the folder, which must not be there yet')
    .action(async (device: string, { data, instance, for: recipient, out, json }: ExportOptions) => {
      await refuseExisting(out)
      const { read } = await callOperator(data, 'export-escrow', { device, instance, recipient: recipient ?? null }, exported)
      await mkdir(out, { recursive: true })
      await writeNewFile(join(out, 'device-key.json'), Buffer.from(JSON.stringify(read.agreementKey)))
      const files: { readonly key: string; readonly file: string }[] = []
      for (const { index, key, share } of read.shares) {
        const file = join(out, `share-${index}.json`)
        await writeNewFile(file, Buffer.from(share))
        files.push({ key, file })
      }
      print(json, { device, instance, shares: files }, [`wrote \`${out}\``, ...files.map(({ key, file }) => `  ${file}  for key ${key}`)])
    })
}

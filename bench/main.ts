// SPDX-License-Identifier: Apache-2.0
//
// `npm run bench -- NAME [--json]`: measures one thing against its peers, all in one run, and prints medians and ratios. What is measured
// and against what stands in each bench's header; docs/performance.md has the figures.
import { readdir } from 'node:fs/promises'
import { arch, cpus, release, totalmem, type } from 'node:os'
import { join } from 'node:path'
import type { Figures } from './median.ts'

const [name, ...options] = process.argv.slice(2)
const names = (await readdir(import.meta.dirname)).filter((file) => file.endsWith('.bench.ts')).map((file) => file.slice(0, -'.bench.ts'.length))
if (name === undefined || !names.includes(name) || options.some((option) => option !== '--json')) {
  process.stderr.write(`usage: npm run bench -- NAME [--json], where NAME is one of: ${names.join(', ')}\n`)
  process.exit(2)
}

const { run }: { readonly run: () => Promise<Figures> } = await import(join(import.meta.dirname, `${name}.bench.ts`))
const { medians, ratios } = await run()
const machine = {
  cpu: cpus()[0]?.model ?? 'unknown',
  cpus: cpus().length,
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  system: `${type()} ${release()} ${arch()}`,
  node: process.version,
}
const rounded = (values: Readonly<Record<string, number>>) =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, Number(value.toPrecision(4))]))
const result = { name, machine, medians: rounded(medians), ratios: rounded(ratios) }
process.stdout.write(`${JSON.stringify(result, null, options.includes('--json') ? undefined : 2)}\n`)

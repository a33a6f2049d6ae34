// SPDX-License-Identifier: Apache-2.0
import { Command, InvalidArgumentError } from 'commander'
import { z } from 'zod'
import { type DataOption, readVersioned, withData } from './data-option.ts'
import { callOperator } from './operator-call.ts'
import { print } from './output.ts'
import { type UpdateOption, updateOf, withUpdate } from './update-option.ts'

interface Layer {
  readonly layer: 'organisation' | 'group' | 'user' | 'device'
  readonly selector: Readonly<Record<string, string>> | null
  readonly name: string
  readonly version: string
}

interface Options extends DataOption, UpdateOption {
  readonly desktop: string
  readonly title: string
  readonly package: { readonly name: string; readonly version: string }
  readonly layer: readonly Layer[]
}

export function releaseStageCommand(): Command {
  return withUpdate(withData(new Command('stage')))
    .description('put the next release of a desktop forward for approval; its serial rises by itself')
    .requiredOption('--desktop <slug>', 'the desktop; made with its first release')
    .requiredOption('--title <text>', 'what people see')
    .requiredOption('--package <name/version>', 'a published package', readVersioned)
    .requiredOption(
      '--layer <selector=name/version>',
      'a published policy: organisation=, group:NAME=, user:NAME=, device:ID= or tag:NAME= (repeatable)',
      collectLayer,
    )
    .action(async ({ data, desktop, title, package: sealed, layer, json, ...update }: Options) => {
      const body = { desktop, title, package: sealed, layers: layer, ...updateOf(update) }
      const { raw, read } = await callOperator(data, 'stage-release', body, z.object({ path: z.string(), serial: z.number() }))
      print(json, raw, [`\`${read.path}\` waits for approval by role releases`])
    })
}

function collectLayer(text: string, before: readonly Layer[] = []): readonly Layer[] {
  const split = text.lastIndexOf('=')
  const selector = text.slice(0, split)
  return [...before, { ...readSelector(selector), ...readVersioned(text.slice(split + 1)) }]
}

function readSelector(text: string): Pick<Layer, 'layer' | 'selector'> {
  if (text === 'organisation') return { layer: 'organisation', selector: null }
  const [kind, value] = [text.slice(0, text.indexOf(':')), text.slice(text.indexOf(':') + 1)]
  if (kind === 'group' || kind === 'user' || kind === 'device') return { layer: kind, selector: { [kind]: value } }
  if (kind === 'tag') return { layer: 'device', selector: { tag: value } }
  throw new InvalidArgumentError('expected organisation, group:NAME, user:NAME, device:ID or tag:NAME before `=`.')
}

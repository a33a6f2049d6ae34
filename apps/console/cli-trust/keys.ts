// SPDX-License-Identifier: Apache-2.0
//
// `add-key` and `remove-key`: the plan is changed, and the change is staged as the next version of each role that names the key. Both
// or neither: where staging is refused, the plan stays as it was.
import { isDeepStrictEqual } from 'node:util'
import { describeSealedKey } from '@casemate/policy/sealed-key'
import { Command, InvalidArgumentError, Option } from 'commander'
import { readSmallFile, replaceFile } from '../cli/files.ts'
import { print } from '../cli/output.ts'
import type { OfflineRole } from '../src/publish/metadata.ts'
import { readRepository } from '../src/publish/repository.ts'
import { delegationTable, rootRoles } from '../src/publish/role-keys.ts'
import { stageRotation } from '../src/publish/rotate.ts'
import type { RepositoryStore } from '../src/publish/store.ts'
import { addToPlan, removeFromPlan } from './change-keys.ts'
import { TrustError } from './error.ts'
import { clockNow, type RepositoryOption, storeOf, withRepository } from './options.ts'
import { type PlanRole, parsePlan, planRoles, readPlan, readPlanText, type TrustPlan } from './plan-file.ts'

interface ChangeOptions extends RepositoryOption {
  readonly plan: string
  readonly author: string
  readonly name: string
  readonly role?: readonly PlanRole[]
  readonly threshold?: number
}

interface AddOptions extends ChangeOptions {
  readonly holder: string
  readonly key?: string
  readonly publicKey?: string
  readonly role: readonly PlanRole[]
}

export function addKeyCommand(): Command {
  const command = new Command('add-key')
    .description('give a key to roles: in the plan, and in the next version of whatever names them')
    .requiredOption('--holder <person>', 'who holds it; two keys of one person count once')
    .option('--key <file>', 'its sealed file')
    .option('--public-key <text>', 'instead of its file: what `keygen` or `show-key` printed')
  return withChange(command, true).action(async (options: AddOptions) => {
    const { plan, name, holder, role: roles, threshold } = options
    const publicKey = await publicKeyOf(options)
    const change = { name, holder, publicKey, roles, ...(threshold === undefined ? {} : { threshold }) }
    await changePlan(options, addToPlan(plan, await readPlanText(plan), change))
  })
}

export function removeKeyCommand(): Command {
  const command = new Command('remove-key').description('take a key out of roles, or out of all: lost, stolen, or its holder has left')
  return withChange(command, false).action(async (options: ChangeOptions) => {
    const { plan, name, role: roles, threshold } = options
    const change = { name, ...(roles === undefined ? {} : { roles }), ...(threshold === undefined ? {} : { threshold }) }
    await changePlan(options, removeFromPlan(plan, await readPlanText(plan), change))
  })
}

function withChange(command: Command, roleNeeded: boolean): Command {
  const role = new Option('--role <role>', `the role; may be repeated${roleNeeded ? '' : '; all that have the key without it'}`).argParser(
    collectRole,
  )
  return withRepository(command)
    .requiredOption('--plan <file>', 'trust.yaml')
    .requiredOption('--author <name>', 'who makes the change')
    .requiredOption('--name <name>', 'the key, as the plan calls it')
    .addOption(roleNeeded ? role.makeOptionMandatory() : role)
    .option('--threshold <number>', 'of each of these roles from now on', parseThreshold)
}

async function publicKeyOf({ key, publicKey, role: roles }: AddOptions): Promise<string> {
  if (key === undefined && publicKey !== undefined) return publicKey
  if (key === undefined || publicKey !== undefined) throw new TrustError('usage', 'expected `--key` or `--public-key`')
  const about = describeSealedKey((await readSmallFile(key, 8192)).toString('utf8'))
  const needed = new Set(roles.map((role) => (role === 'snapshot' || role === 'timestamp' ? 'online-key' : 'approver-key')))
  if (about.kind === 'chunk-key' || [...needed].some((kind) => kind !== about.kind)) {
    throw new TrustError('key-kind', `\`${key}\`: expected a sealed ${[...needed].join(' and ')}, found \`${about.kind}\``)
  }
  return about.publicKey
}

async function changePlan(options: ChangeOptions, text: string): Promise<void> {
  const { plan, author, json } = options
  const store = storeOf(options)
  const [before, after] = [readPlan(plan, parsePlan(plan, await readPlanText(plan))), readPlan(plan, parsePlan(plan, text))]
  await checkPlan(store, plan, before, after)
  let staged: readonly OfflineRole[] = []
  await replaceFile(plan, Buffer.from(text), async () => {
    staged = await stageRotation(store, { ...after, author, now: clockNow() })
  })
  print(json, { staged }, staged.length === 0 ? ['nothing differs'] : staged.map((role) => `\`${role}\` waits for signatures`))
}

/** Nothing but the change may be staged by it; a change back to what is published is always one. */
async function checkPlan(store: RepositoryStore, path: string, before: TrustPlan, after: TrustPlan): Promise<void> {
  const { root, targets } = await readRepository(store)
  const { keys, roles } = root.document.signed
  const published = [{ keys, roles }, targets.document.signed.delegations]
  const isPublished = (plan: TrustPlan) => isDeepStrictEqual([rootRoles(plan.keys), delegationTable(plan.delegations)], published)
  if (isPublished(before) || isPublished(after)) return
  throw new TrustError(
    'plan-differs',
    `\`${path}\` has other changes that are not published: \`publish\` or \`rotate\` them first, or take them back`,
  )
}

function collectRole(text: string, before: readonly PlanRole[] = []): readonly PlanRole[] {
  const role = planRoles.find((name) => name === text)
  if (role === undefined) throw new InvalidArgumentError(`expected one of ${planRoles.join(', ')}.`)
  return before.includes(role) ? before : [...before, role]
}

function parseThreshold(text: string): number {
  if (/^[1-9][0-9]{0,2}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('expected a number from 1.')
}

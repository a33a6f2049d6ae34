// SPDX-License-Identifier: Apache-2.0
import { diffPolicies } from '@casemate/policy/diff'
import { type PolicyRule, parsePolicy } from '@casemate/policy/policy'
import { packageOf, parseRelease, type Release } from '@casemate/policy/release'
import { diffReleases } from '@casemate/policy/release-diff'
import { catalogue, type SettingName } from '@casemate/policy/settings'
import { parseManifest } from '@casemate/vm-package/manifest'
import { timeText } from './data-option.ts'
import { policyDiffLines, releaseDiffLines } from './diff-lines.ts'
import { bytesText } from './output.ts'

/**
 * A document as its approver reads it; parsed as strictly as a device will.
 * @throws PolicyError, PackageError when it is not what its path says.
 */
export function renderDocument(path: string, bytes: Uint8Array): readonly string[] {
  if (path.startsWith('policies/')) return renderPolicy(bytes)
  if (path.startsWith('releases/')) return renderRelease(bytes)
  if (path.startsWith('packages/')) return renderManifest(bytes)
  return new TextDecoder().decode(bytes).split('\n')
}

/**
 * What changes in a document of which a former one is known.
 * @throws PolicyError as {@link renderDocument}.
 */
export function renderChange(path: string, former: Uint8Array, bytes: Uint8Array): readonly string[] {
  if (path.startsWith('policies/')) return policyDiffLines(diffPolicies(parsePolicy(former), parsePolicy(bytes)))
  if (path.startsWith('releases/')) return releaseDiffLines(diffReleases(parseRelease(former), parseRelease(bytes)))
  return renderDocument(path, bytes)
}

function renderPolicy(bytes: Uint8Array): readonly string[] {
  const { name, version, minRuntime, rules, tests = [] } = parsePolicy(bytes)
  const expectations = tests.map((test) => `test “${test.name}”: given ${JSON.stringify(test.given)}, expect ${JSON.stringify(test.expect)}`)
  return [`policy ${name} ${version}, for runtime ${minRuntime} or later`, ...rules.map(renderRule), ...expectations]
}

function renderRule(rule: PolicyRule): string {
  const conditions = Object.entries(rule.when).map(([name, value]) => `${name} ${JSON.stringify(value)}`)
  const when = conditions.length === 0 ? '' : `, when ${conditions.join(' and ')}`
  return `${rule.setting}: ${wordsOf(rule)}${rule.locked ? ', locked' : ''}${when}`
}

/** In the catalogue's words, with the value itself beside them, which is what counts. */
function wordsOf({ setting, value }: PolicyRule): string {
  const words: unknown = wordsFor(setting, value)
  return typeof words === 'string' ? `${words} (${JSON.stringify(value)})` : JSON.stringify(value)
}

function wordsFor<N extends SettingName>(setting: N, value: unknown): string | undefined {
  const parsed = catalogue[setting].value.safeParse(value)
  return parsed.success ? catalogue[setting].words(parsed.data) : undefined
}

function renderRelease(bytes: Uint8Array): readonly string[] {
  const release = parseRelease(bytes)
  const { name, version, sha256 } = packageOf(release)
  return [
    `release ${release.serial} of \`${release.desktop}\` (${release.title}), for runtime ${release.minRuntime} or later`,
    `package ${name} ${version}, SHA-256 ${sha256}`,
    ...renderUpdate(release),
    ...release.layers.map(({ layer, selector, path, sha256: digest }) => {
      const whom = selector === null ? '' : ` ${Object.entries(selector).flat().join(' ')}`
      return `${layer}${whom}: ${path}, SHA-256 ${digest}`
    }),
  ]
}

function renderUpdate({ update }: Release): readonly string[] {
  if (update === undefined) return []
  const { keep, forceAt } = update
  const when = forceAt === null ? 'a session of another package goes on' : `a session of another package is suspended from ${timeText(forceAt)} on`
  return [`update: ${when}; ${keep} former ${keep === 1 ? 'release stays' : 'releases stay'} on a device`]
}

function renderManifest(bytes: Uint8Array): readonly string[] {
  const { name, version, createdAt, hardware, disks } = parseManifest(bytes)
  return [
    `package ${name} ${version}, sealed ${createdAt}`,
    `${hardware.cpus} CPU, ${hardware.memoryMiB} MiB, ${hardware.network === null ? 'no network card' : hardware.network.model}`,
    ...disks.map((disk) => `disk ${disk.name}: ${disk.role}, ${bytesText(disk.size)}`),
  ]
}

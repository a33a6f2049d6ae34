// SPDX-License-Identifier: Apache-2.0
//
// The files that one instance finds on its medium: those of the package, filled once, at the first start under it. What was drawn or
// observed then stays the instance's under every later package, so that a guest keeps its name. All of it is kept sealed under the instance
// key, since secrets are in it.
import type { CustomizationFile, CustomizationTemplate } from '@casemate/vm-package/customization'
import { fillPlaceholders, type Placeholder, placeholdersOf } from '@casemate/vm-package/customization-placeholders'
import { PackageError } from '@casemate/vm-package/error'
import { z } from 'zod'
import { readBytes } from '../../daemon/state-file.ts'
import { writeWhole } from '../../daemon/update/write-whole.ts'
import { openRecord, sealRecord } from './sealed-record.ts'

const customized = z.strictObject({
  format: z.literal('casemate-customized-1'),
  /** By the words of the placeholder; no secret is among them. */
  values: z.record(z.string(), z.string()),
  package: z.string(),
  files: z.array(z.strictObject({ name: z.string(), text: z.string() })),
})

export interface CustomizationInputs {
  /** Where the instance keeps what it was given. */
  readonly path: string
  /** 32 bytes. */
  readonly key: Uint8Array
  readonly packageSha256: string
  /** Asked for only where the instance was given nothing under this package yet. */
  readonly template: () => Promise<CustomizationTemplate>
  /** By name, as the lease brings them. */
  readonly secrets: Readonly<Record<string, string>>
  readonly host: { readonly logonUser: string; readonly hostName: string }
  /** A whole number from 0 on, below `limit`, each as likely. */
  readonly random: (limit: number) => number
}

/** @throws PackageError `customization-altered` (what was kept), `customization-secret-missing` (nothing is kept then), those of `template`. */
export async function customizationFiles(inputs: CustomizationInputs): Promise<readonly CustomizationFile[]> {
  const { path, key, packageSha256, secrets } = inputs
  const sealed = await readBytes(path)
  const kept = sealed === undefined ? undefined : customized.parse(JSON.parse(openRecord(key, sealed).toString()))
  if (kept?.package === packageSha256) return kept.files
  const { files } = await inputs.template()
  const wanted = new Map(files.flatMap(({ text }) => [...placeholdersOf(text)]))
  const values = new Map(Object.entries(kept?.values ?? {}))
  const filling = new Map<string, string>()
  for (const [words, placeholder] of wanted) {
    const value = placeholder.kind === 'secret' ? secretOf(secrets, placeholder.name) : (values.get(words) ?? newValue(placeholder, inputs))
    if (placeholder.kind !== 'secret') values.set(words, value)
    filling.set(words, value)
  }
  const filled = files.map(({ name, text }) => ({ name, text: fillPlaceholders(text, filling) }))
  const record: z.infer<typeof customized> = {
    format: 'casemate-customized-1',
    values: Object.fromEntries(values),
    package: packageSha256,
    files: filled,
  }
  await writeWhole(path, sealRecord(key, Buffer.from(JSON.stringify(record))))
  return filled
}

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

function newValue(placeholder: Exclude<Placeholder, { kind: 'secret' }>, { host, random }: CustomizationInputs): string {
  switch (placeholder.kind) {
    case 'logon_user':
      return plainName(host.logonUser)
    case 'host_name':
      return plainName(host.hostName.split('.')[0] ?? '')
    case 'random_alpha':
      return Array.from({ length: placeholder.length }, () => letters.charAt(random(letters.length))).join('')
    case 'random_digit':
      return Array.from({ length: placeholder.length }, () => random(10)).join('')
  }
}

/** Names of the host's own choice stand in YAML and XML: nothing in them may end a value there. */
function plainName(text: string): string {
  return text.replace(/[^A-Za-z0-9._-]/g, '-').slice(0, 63) || 'unnamed'
}

function secretOf(secrets: Readonly<Record<string, string>>, name: string): string {
  const value = Object.hasOwn(secrets, name) ? secrets[name] : undefined
  if (value === undefined) throw new PackageError('customization-secret-missing', `the permission of this computer brings no secret \`${name}\``)
  return value
}

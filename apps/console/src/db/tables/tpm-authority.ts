// SPDX-License-Identifier: Apache-2.0
import type { ColumnKit } from '../sqlite/kit.ts'
import type { defineOrganisations } from './organisation.ts'

/** Certificate authorities whose word for a TPM an organisation takes. */
export function defineTpmAuthorities(kit: ColumnKit, organisations: ReturnType<typeof defineOrganisations>) {
  return kit.table(
    'tpm_authorities',
    {
      organisationId: kit
        .text()
        .notNull()
        .references(() => organisations.id),
      /** Of the certificate, hexadecimal. */
      sha256: kit.text().notNull(),
      /** X.509, DER. */
      certificate: kit.bytes().notNull(),
      addedAt: kit.timestamp().notNull(),
    },
    (table) => [kit.primaryKey({ columns: [table.organisationId, table.sha256] })],
  )
}

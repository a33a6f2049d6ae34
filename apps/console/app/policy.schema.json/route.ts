// SPDX-License-Identifier: Apache-2.0
//
// The JSON Schema of policies at an address that editors can be given. It says what the product knows, nothing of an organisation, so that
// it needs no session.
import { policyJsonSchema } from '@casemate/policy/policy'

export const dynamic = 'force-static'

export function GET(): Response {
  return Response.json(policyJsonSchema(), { headers: { 'content-type': 'application/schema+json' } })
}

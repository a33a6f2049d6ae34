'use client'
// SPDX-License-Identifier: Apache-2.0
import { useRouter } from 'next/navigation'
import { useEffect } from 'react'

/** Reads the page again every so often (milliseconds), while somebody can see it. */
export function Refresh({ every }: { readonly every: number }) {
  const router = useRouter()
  useEffect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') router.refresh()
    }, every)
    return () => clearInterval(timer)
  }, [router, every])
  return null
}

import SchemaBuilder from '@pothos/core'
import type { Context } from '../context.ts'

/**
 * Output fields are non-null unless they say `nullable: true`. Root fields always say it, so that one
 * failing field takes nothing else with it; they also carry `extensions: access(…)`.
 */
export const builder = new SchemaBuilder<{
  Context: Context
  DefaultFieldNullability: false
  Scalars: {
    ID: { Input: string; Output: string }
    /** `YYYY-MM-DD` */
    Date: { Input: string; Output: string }
    DateTime: { Input: Date; Output: Date }
    /** `YYYY-MM` */
    YearMonth: { Input: string; Output: string }
    SafeInt: { Input: number; Output: number }
  }
}>({ defaultFieldNullability: false })

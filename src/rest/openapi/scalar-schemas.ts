/** How each scalar of GraphQL looks in JSON. */
const schemas: Readonly<Record<string, { type: string; [keyword: string]: unknown }>> = {
  ID: { type: 'string' },
  String: { type: 'string' },
  Boolean: { type: 'boolean' },
  Int: { type: 'integer', format: 'int32' },
  Float: { type: 'number' },
  Date: { type: 'string', format: 'date' },
  DateTime: { type: 'string', format: 'date-time' },
  YearMonth: { type: 'string', pattern: '^\\d{4}-\\d{2}$' },
  SafeInt: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
}

/** @throws Error at start, for a scalar that nobody has described yet */
export function scalarSchema(name: string): { type: string; [keyword: string]: unknown } {
  const schema = schemas[name]
  if (!schema) throw new Error(`OpenAPI has no schema for the scalar ${name}`)
  return schema
}

import { CholeskyDecomposition, Matrix } from 'ml-matrix'

/** One column of the regression. */
export interface Column {
  /** Of each row, known and to come. */
  readonly values: Float64Array
  /** How large its effect on the logarithm of use may well be: a standard deviation around 0. */
  readonly prior: number
}

export interface Fit {
  readonly coefficients: readonly number[]
  /** Of the coefficients. */
  readonly covariance: Matrix
  /** Fitted logarithm of each row, known and to come. */
  readonly fitted: Float64Array
}

/**
 * Ridge regression as Bayes reads it: before anything was seen each coefficient is normal around 0 with
 * its column's prior, so that what a few days show moves it a little and what many show moves it fully.
 * @param target of the known rows, which are the first ones
 * @param precision of the known rows: 1 ÷ variance of the noise, 0 for a row that says nothing
 */
export function fitRidge(
  columns: readonly Column[],
  target: Float64Array,
  precision: Float64Array,
): Fit {
  const size = columns.length
  const normal = Matrix.zeros(size, size)
  const right = Matrix.zeros(size, 1)
  columns.forEach(({ values, prior }, a) => {
    const weighted = precision.map((weight, row) => weight * (values[row] ?? 0))
    for (let b = 0; b <= a; b++) {
      const product = dot(weighted, columns[b]?.values ?? weighted)
      normal.set(a, b, product)
      normal.set(b, a, product)
    }
    normal.set(a, a, normal.get(a, a) + 1 / prior ** 2)
    right.set(a, 0, dot(weighted, target))
  })
  const covariance = new CholeskyDecomposition(normal).solve(Matrix.eye(size))
  const coefficients = covariance.mmul(right).to1DArray()
  return { coefficients, covariance, fitted: sumOf(columns, coefficients) }
}

/** Over the rows of the shorter one, `a`. */
export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let row = 0; row < a.length; row++) sum += (a[row] ?? 0) * (b[row] ?? 0)
  return sum
}

function sumOf(columns: readonly Column[], coefficients: readonly number[]): Float64Array {
  const sum = new Float64Array(columns[0]?.values.length ?? 0)
  columns.forEach(({ values }, index) => {
    const coefficient = coefficients[index] ?? 0
    for (let row = 0; row < sum.length; row++) {
      sum[row] = (sum[row] ?? 0) + coefficient * (values[row] ?? 0)
    }
  })
  return sum
}

/** A landscape over a grid, coloured by its height, and flat bands that lie on it: paths, arrows, cuts. */
import {
  BufferAttribute, BufferGeometry, type Color, DirectionalLight, DoubleSide, Group, HemisphereLight, LineBasicMaterial, LineSegments, Mesh,
  MeshBasicMaterial, MeshLambertMaterial,
} from 'three'
import { SKY, SUN, SUNWARDS } from './light'

type Point = [x: number, y: number, z: number]

const SHADE = 0.9 // of the surface's colours: its wall
// The corners of a piece of it: of which of two neighbours on the edge, and whether above.
const WHICH = [0, 1, 0, 1, 1, 0]
const TOP = [1, 1, 0, 1, 0, 0]

export class Surface {
  readonly group = new Group()
  private readonly mesh: Mesh<BufferGeometry, MeshLambertMaterial>
  private readonly ridges: LineSegments<BufferGeometry, LineBasicMaterial>
  /** What closes the surface below its edge, so that nobody looks under it. */
  private readonly wall: Mesh<BufferGeometry, MeshLambertMaterial> | undefined
  /** The vertices of its edge, once round. */
  private readonly edge: readonly number[]

  /** `across` places in each of `along` rows; `closed` down to height 0 at its edge. */
  constructor(
    private readonly across: number,
    private readonly along: number,
    closed = false,
  ) {
    const row = (j: number) => Array.from({ length: across }, (_, i) => j * across + i)
    const column = (i: number) => Array.from({ length: along }, (_, j) => j * across + i)
    const round = [row(0), column(across - 1), row(along - 1).reverse(), column(0).reverse()]
    this.edge = closed ? [...round.flatMap((side) => side.slice(0, -1)), 0] : []
    if (closed) {
      this.wall = new Mesh(new BufferGeometry(), new MeshLambertMaterial({ vertexColors: true, side: DoubleSide }))
      this.wall.frustumCulled = false
      this.group.add(this.wall)
    }
    const geometry = new BufferGeometry()
    for (const name of ['position', 'color']) geometry.setAttribute(name, new BufferAttribute(new Float32Array(3 * across * along), 3))
    const faces: number[] = []
    for (let row = 0; row + 1 < along; row++)
      for (let i = 0; i + 1 < across; i++) {
        const at = row * across + i
        faces.push(at, at + 1, at + across, at + 1, at + across + 1, at + across)
      }
    geometry.setIndex(faces)
    const material = new MeshLambertMaterial({
      vertexColors: true, side: DoubleSide, polygonOffset: true, polygonOffsetFactor: 1, polygonOffsetUnits: 1,
    })
    this.mesh = new Mesh(geometry, material)
    this.mesh.frustumCulled = false
    this.ridges = new LineSegments(new BufferGeometry(), new LineBasicMaterial({ transparent: true, opacity: 0.28 }))
    this.ridges.frustumCulled = false
    const sun = new DirectionalLight(0xffffff, SUN)
    sun.position.set(...SUNWARDS)
    this.group.add(this.mesh, this.ridges, new HemisphereLight(0xffffff, 0xffffff, SKY), sun)
  }

  /** Put vertex `i` of row `row` where `place` says; a line is drawn along every `ridge`th row. */
  shape(place: (row: number, i: number) => Point, ridge: number): void {
    const position = this.mesh.geometry.getAttribute('position') as BufferAttribute
    const at = position.array
    const lines = new Float32Array(6 * (this.across - 1) * Math.ceil(this.along / ridge))
    let end = 0
    for (let row = 0; row < this.along; row++) {
      let before: Point | undefined
      for (let i = 0; i < this.across; i++) {
        const point = place(row, i)
        const to = 3 * (row * this.across + i)
        at[to] = point[0]
        at[to + 1] = point[1]
        at[to + 2] = point[2]
        if (row % ridge) continue
        if (before) {
          lines.set(before, end)
          lines.set(point, end + 3)
          end += 6
        }
        before = point
      }
    }
    position.needsUpdate = true
    this.slopes(at)
    this.ridges.geometry.setAttribute('position', new BufferAttribute(lines, 3))
  }

  /** What stands upright on it, between the neighbours of each vertex: what three.js sums over all faces takes a phone long. */
  private slopes(at: ArrayLike<number>): void {
    const { across, along } = this
    const normals = new Float32Array(at.length)
    for (let row = 0, k = 0; row < along; row++) {
      const before = row > 0 ? 3 * across : 0
      const after = row + 1 < along ? 3 * across : 0
      for (let i = 0; i < across; i++, k += 3) {
        const left = i > 0 ? k - 3 : k
        const right = i + 1 < across ? k + 3 : k
        const ax = at[right]! - at[left]!
        const ay = at[right + 1]! - at[left + 1]!
        const az = at[right + 2]! - at[left + 2]!
        const bx = at[k + after]! - at[k - before]!
        const by = at[k + after + 1]! - at[k - before + 1]!
        const bz = at[k + after + 2]! - at[k - before + 2]!
        const x = ay * bz - az * by
        const y = az * bx - ax * bz
        const z = ax * by - ay * bx
        const size = Math.sqrt(x * x + y * y + z * z) || 1
        normals[k] = x / size
        normals[k + 1] = y / size
        normals[k + 2] = z / size
      }
    }
    this.mesh.geometry.setAttribute('normal', new BufferAttribute(normals, 3))
  }

  /** The wall below the edge as it is now, in the edge's colours. */
  private close(position: BufferAttribute, colour: BufferAttribute): void {
    if (!this.wall) return
    const many = 18 * (this.edge.length - 1)
    const [corners, tones] = [new Float32Array(many), new Float32Array(many)]
    for (let k = 1, end = 0; k < this.edge.length; k++)
      for (let corner = 0; corner < 6; corner++, end += 3) {
        const from = 3 * this.edge[k - 1 + WHICH[corner]!]!
        for (let c = 0; c < 3; c++) {
          corners[end + c] = (c === 1 ? TOP[corner]! : 1) * position.array[from + c]!
          tones[end + c] = SHADE * colour.array[from + c]!
        }
      }
    const { geometry } = this.wall
    geometry.setAttribute('position', new BufferAttribute(corners, 3))
    geometry.setAttribute('color', new BufferAttribute(tones, 3))
    geometry.computeVertexNormals()
  }

  /** From the lowest height to `top`. */
  colour(low: Color, high: Color, top: number, ridge: Color): void {
    const position = this.mesh.geometry.getAttribute('position')
    const colour = this.mesh.geometry.getAttribute('color') as BufferAttribute
    const [at, tones] = [position.array, colour.array]
    for (let k = 0; k < tones.length; k += 3) {
      const share = Math.min(1, Math.sqrt(Math.max(0, at[k + 1]! / top)))
      tones[k] = low.r + share * (high.r - low.r)
      tones[k + 1] = low.g + share * (high.g - low.g)
      tones[k + 2] = low.b + share * (high.b - low.b)
    }
    colour.needsUpdate = true
    this.close(position as BufferAttribute, colour)
    this.ridges.material.color = ridge
  }
}

/** Flat bands: lines have no width of their own that could be relied on. */
export class Bands {
  readonly mesh: Mesh<BufferGeometry, MeshBasicMaterial>
  private corners: number[] = []
  private colours: number[] = []

  constructor(opacity = 1, over = false) {
    const material = new MeshBasicMaterial({
      vertexColors: true, side: DoubleSide, transparent: opacity < 1 || over, opacity, depthTest: !over, depthWrite: false,
    })
    this.mesh = new Mesh(new BufferGeometry(), material)
    this.mesh.frustumCulled = false
    this.mesh.renderOrder = over ? 2 : 1
  }

  clear(): void {
    this.corners = []
    this.colours = []
  }

  triangle(a: Point, b: Point, c: Point, colour: Color): void {
    this.corners.push(...a, ...b, ...c)
    for (let i = 0; i < 3; i++) this.colours.push(colour.r, colour.g, colour.b)
  }

  /** A band through `points`: lying flat, or facing the front where it is `upright`. */
  line(points: Point[], width: number, colour: Color, upright = false): void {
    for (let i = 1; i < points.length; i++) {
      const [from, to] = [points[i - 1]!, points[i]!]
      const [dx, other] = [to[0] - from[0], upright ? to[1] - from[1] : to[2] - from[2]]
      const half = width / 2 / (Math.hypot(dx, other) || 1)
      const shift = ([x, y, z]: Point, by: number): Point =>
        upright ? [x - by * other * half, y + by * dx * half, z] : [x - by * other * half, y, z + by * dx * half]
      this.triangle(shift(from, -1), shift(from, 1), shift(to, 1), colour)
      this.triangle(shift(from, -1), shift(to, 1), shift(to, -1), colour)
    }
  }

  /** Show all that was drawn, or of what is shown the first `count` pieces of line. */
  show(count?: number): void {
    if (count !== undefined) return this.mesh.geometry.setDrawRange(0, 6 * count)
    this.mesh.geometry.dispose()
    this.mesh.geometry = new BufferGeometry()
    this.mesh.geometry.setAttribute('position', new BufferAttribute(Float32Array.from(this.corners), 3))
    this.mesh.geometry.setAttribute('color', new BufferAttribute(Float32Array.from(this.colours), 3))
  }
}

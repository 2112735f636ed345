/** A landscape over a grid, coloured by its height, and flat bands that lie on it: paths, arrows, cuts. */
import {
  BufferAttribute, BufferGeometry, Color, DirectionalLight, DoubleSide, Group, HemisphereLight, LineBasicMaterial, LineSegments, Mesh,
  MeshBasicMaterial, MeshLambertMaterial,
} from 'three'

type Point = [x: number, y: number, z: number]

const SHADE = 0.9 // of the surface's colours: its wall

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
    const sun = new DirectionalLight(0xffffff, 1.5)
    sun.position.set(-3, 4, 1.5)
    this.group.add(this.mesh, this.ridges, new HemisphereLight(0xffffff, 0xffffff, 1.9), sun)
  }

  /** Put vertex `i` of row `row` where `place` says; a line is drawn along every `ridge`th row. */
  shape(place: (row: number, i: number) => Point, ridge: number): void {
    const position = this.mesh.geometry.getAttribute('position') as BufferAttribute
    const lines = new Float32Array(6 * (this.across - 1) * Math.ceil(this.along / ridge))
    let end = 0
    for (let row = 0; row < this.along; row++) {
      let before: Point | undefined
      for (let i = 0; i < this.across; i++) {
        const point = place(row, i)
        position.setXYZ(row * this.across + i, ...point)
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
    this.mesh.geometry.computeVertexNormals()
    this.ridges.geometry.setAttribute('position', new BufferAttribute(lines, 3))
  }

  /** The wall below the edge as it is now, in the edge's colours. */
  private close(position: BufferAttribute, colour: BufferAttribute): void {
    if (!this.wall) return
    const [corners, tones]: [number[], number[]] = [[], []]
    for (let k = 1; k < this.edge.length; k++)
      for (const [which, top] of [[0, 1], [1, 1], [0, 0], [1, 1], [1, 0], [0, 0]] as const) {
        const vertex = this.edge[k - 1 + which]!
        corners.push(position.getX(vertex), top * position.getY(vertex), position.getZ(vertex))
        tones.push(...[colour.getX(vertex), colour.getY(vertex), colour.getZ(vertex)].map((tone) => SHADE * tone))
      }
    const { geometry } = this.wall
    geometry.setAttribute('position', new BufferAttribute(Float32Array.from(corners), 3))
    geometry.setAttribute('color', new BufferAttribute(Float32Array.from(tones), 3))
    geometry.computeVertexNormals()
  }

  /** From the lowest height to `top`. */
  colour(low: Color, high: Color, top: number, ridge: Color): void {
    const position = this.mesh.geometry.getAttribute('position')
    const colour = this.mesh.geometry.getAttribute('color') as BufferAttribute
    const mixed = new Color()
    for (let i = 0; i < position.count; i++) {
      mixed.lerpColors(low, high, Math.min(1, Math.sqrt(Math.max(0, position.getY(i) / top))))
      colour.setXYZ(i, mixed.r, mixed.g, mixed.b)
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

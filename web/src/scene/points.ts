/** A cloud of points whose place is a sum of two known places, worked out by the graphics card at every frame. */
import { BufferAttribute, BufferGeometry, type Color, NormalBlending, Points, ShaderMaterial } from 'three'

const vertex = /* glsl */ `
  attribute vec3 other;
  attribute float hue;
  uniform float first, second, size;
  uniform vec3 one, two, three;
  varying vec3 tint;
  varying float near;
  void main() {
    vec4 seen = modelViewMatrix * vec4(first * position + second * other, 1.0);
    gl_Position = projectionMatrix * seen;
    near = clamp(1.25 - 0.06 * -seen.z, 0.35, 1.0);
    gl_PointSize = size / -seen.z;
    tint = hue < 0.5 ? mix(one, two, 2.0 * hue) : mix(two, three, 2.0 * hue - 1.0);
  }`
const fragment = /* glsl */ `
  uniform float opacity;
  varying vec3 tint;
  varying float near;
  void main() {
    float away = length(gl_PointCoord - 0.5);
    if (away > 0.5) discard;
    gl_FragColor = vec4(tint, opacity * near * smoothstep(0.5, 0.2, away));
    #include <colorspace_fragment>
  }`

export class PointCloud {
  readonly points: Points<BufferGeometry, ShaderMaterial>

  constructor(count: number) {
    const geometry = new BufferGeometry()
    geometry.setAttribute('position', new BufferAttribute(new Float32Array(3 * count), 3))
    geometry.setAttribute('other', new BufferAttribute(new Float32Array(3 * count), 3))
    geometry.setAttribute('hue', new BufferAttribute(new Float32Array(count), 1))
    const uniforms = Object.fromEntries(
      ['first', 'second', 'size', 'opacity', 'one', 'two', 'three'].map((name) => [name, { value: null as unknown }]),
    )
    const material = new ShaderMaterial({
      vertexShader: vertex, fragmentShader: fragment, uniforms, transparent: true, depthWrite: false, blending: NormalBlending,
    })
    this.points = new Points(geometry, material)
    this.points.frustumCulled = false
    this.mix(1, 0)
  }

  colour(one: Color, two: Color, three: Color, opacity = 0.75): void {
    const { uniforms } = this.points.material
    Object.assign(uniforms.one!, { value: one })
    Object.assign(uniforms.two!, { value: two })
    Object.assign(uniforms.three!, { value: three })
    uniforms.opacity!.value = opacity
  }

  size(pixels: number): void {
    this.points.material.uniforms.size!.value = pixels
  }

  /** The two places of every point, `3 × count` numbers each. */
  places(first: Float32Array, second: Float32Array): void {
    this.give('position', first)
    this.give('other', second)
  }

  /** Each point's colour in [0, 1], kept on its way, so that an eye can follow it. */
  hues(hues: Float32Array): void {
    this.give('hue', hues)
  }

  private readonly given = new Map<string, Float32Array>()

  private give(name: string, values: Float32Array): void {
    if (this.given.get(name) === values) return
    this.given.set(name, values)
    const attribute = this.points.geometry.getAttribute(name) as BufferAttribute
    ;(attribute.array as Float32Array).set(values)
    attribute.needsUpdate = true
  }

  /** Show `first`·place + `second`·other place. */
  mix(first: number, second: number): void {
    this.points.material.uniforms.first!.value = first
    this.points.material.uniforms.second!.value = second
  }
}

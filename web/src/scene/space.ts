/** What scenes in space are built of, in one file, which is fetched when one of them is set up. */
export { Cards } from './cards'
export { PointCloud } from './points'
export { colours, Stage } from './stage'
export { Surface } from './surface'
export { PlacedWords } from './words'

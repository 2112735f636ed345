/** 各个英文文件上铺的中文，以文件名对应。全用全角标点，汉字与数字、字母之间不留空格，由网页在显示时留出空隙。 */
export const said = import.meta.glob<object>(['./**/*.ts', '!./index.ts'], { eager: true, import: 'default' })

/** 中文里写法不变的，以及建网页时就写好、那时还不知道读者用什么语言的。 */
export const same = [
  'pages/text', 'handouts/fromTo', 'labels/plots/logsnr', 'labels/ratio', 'labels/atTime', 'labels/drawing', 'labels/times', 'labels/number', 'labels/column', 'labels/percent',
  'labels/askedAt', 'labels/size', 'labels/three', 'labels/weight', 'labels/marked', 'labels/sizes', 'labels/chapter',
  'systems/dalle/name', 'systems/stable/name', 'systems/midjourney/name', 'systems/sora/name',
  'found/linear', 'found/scaled-linear', 'found/cosine', 'found/edm', 'found/flow', 'found/GAN', 'found/VAE', 'found/ddpm', 'found/ddim', 'found/dpm++2m',
]

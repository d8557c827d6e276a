namespace XtNotebooks.Browser;

/// <summary>Pictures as the pixels that they are made of.</summary>
internal static class Pixels
{
    /// <summary>JavaScript: <c>read(png)</c> gives the ImageData of a PNG in base64.</summary>
    public const string Read = """
        const read = async png => {
          const image = new Image();
          image.src = 'data:image/png;base64,' + png;
          await image.decode();
          const canvas = document.createElement('canvas');
          canvas.width = image.width; canvas.height = image.height;
          const context = canvas.getContext('2d');
          context.drawImage(image, 0, 0);
          return context.getImageData(0, 0, canvas.width, canvas.height);
        };
        """;
}

using System.Text.Json.Nodes;
using XtNotebooks.Kernel.Notebooks;

namespace XtNotebooks.Kernel.Tests.Notebooks;

public class NotebookDocumentTests
{
    /// <summary>As Jupyter writes it: sorted keys, one space, text beyond ASCII, numbers as they were.</summary>
    private const string AsJupyterWritesIt =
        """
        {
         "cells": [
          {
           "attachments": {
            "a.png": {
             "image/png": "iVBORw0KGgo="
            }
           },
           "cell_type": "markdown",
           "id": "intro",
           "metadata": {},
           "source": [
            "# Grüße 😀\n",
            "tab\t quote\" back\\slash bell\u0007 del line end"
           ]
          },
          {
           "cell_type": "code",
           "execution_count": null,
           "id": "b1",
           "metadata": {
            "my.tool": {
             "big": 12345678901234567890,
             "small": 1.50,
             "tiny": 1e-7
            }
           },
           "outputs": [],
           "source": []
          },
          {
           "cell_type": "sql-of-the-future",
           "id": "c1",
           "metadata": {},
           "source": "select 1"
          }
         ],
         "metadata": {
          "kernelspec": {
           "display_name": "C# (XtNotebooks)",
           "language": "C#",
           "name": "xt-csharp"
          },
          "unknown": [
           true,
           null,
           []
          ]
         },
         "nbformat": 4,
         "nbformat_minor": 5
        }

        """;

    [Fact]
    public void A_notebook_that_is_read_and_written_stays_the_same_to_the_byte() =>
        Assert.Equal(AsJupyterWritesIt, NotebookDocument.Parse(AsJupyterWritesIt, "n").ToJson());

    [Fact]
    public void Keys_keep_the_order_that_the_file_has()
    {
        var json = NotebookDocument.Parse("""{"nbformat_minor":2,"zebra":1,"nbformat":4,"metadata":{},"cells":[]}""", "n").ToJson();
        Assert.Equal(["nbformat_minor", "zebra", "nbformat", "metadata", "cells"], json.Split('"').Where((_, i) => i % 2 == 1));
    }

    [Fact]
    public void Half_a_surrogate_pair_stays_as_the_file_spells_it()
    {
        const string Json = """{"cells":[],"metadata":{"odd":"\ud83d"},"nbformat":4,"nbformat_minor":5}""";
        Assert.Contains("""\ud83d""", NotebookDocument.Parse(Json, "n").ToJson());
    }

    [Fact]
    public void Half_a_surrogate_pair_of_an_output_is_written_as_what_can_be_read_again()
    {
        var json = NotebookJson.Write(new JsonObject { ["text"] = "a\ud83db 👩 \udc00" });
        Assert.Equal("a\ufffdb 👩 \ufffd", (string)JsonNode.Parse(json)!["text"]!);
    }

    [Fact]
    public void Before_format_4_5_no_cell_gets_an_id()
    {
        const string Json = """{"cells":[{"cell_type":"markdown","metadata":{},"source":"a"}],"metadata":{},"nbformat":4,"nbformat_minor":4}""";
        Assert.DoesNotContain("\"id\"", NotebookDocument.Parse(Json, "n").ToJson());
    }

    [Fact]
    public void In_format_4_5_a_cell_without_an_id_gets_one_and_always_the_same()
    {
        const string Json = """{"cells":[{"cell_type":"markdown","metadata":{},"source":"a"},{"cell_type":"markdown","metadata":{},"source":"a"}],"metadata":{},"nbformat":4,"nbformat_minor":5}""";
        var first = NotebookDocument.Parse(Json, "n");
        Assert.Equal(first.ToJson(), NotebookDocument.Parse(Json, "n").ToJson());
        Assert.Equal(2, first.Cells.Select(cell => cell.Id).OfType<string>().Distinct().Count());
    }

    [Theory]
    [InlineData("", "not JSON")]
    [InlineData("{\n \"cells\": [\n", "not JSON, line 3")]
    [InlineData("print('hello')", "not JSON, line 1")]
    [InlineData("""{"cells":[],"cells":[],"nbformat":4}""", "not JSON")]
    [InlineData("[1, 2]", "no 'nbformat'")]
    [InlineData("null", "no 'nbformat'")]
    [InlineData("""{"nbformat":"four"}""", "no 'nbformat'")]
    [InlineData("""{"nbformat":3,"worksheets":[]}""", "old notebook format 3")]
    [InlineData("""{"nbformat":5,"cells":[]}""", "newer than this tool knows")]
    [InlineData("""{"nbformat":4,"nbformat_minor":5}""", "no list 'cells'")]
    [InlineData("""{"nbformat":4,"cells":[{"cell_type":"markdown","source":""},{"source":"x"}]}""", "cell 2 has no 'cell_type'")]
    [InlineData("""{"nbformat":4,"cells":[{"cell_type":"code","source":7}]}""", "cell 1 has")]
    public void What_is_no_notebook_of_format_4_is_refused_in_one_sentence(string text, string reason)
    {
        var error = Assert.Throws<NotebookException>(() => NotebookDocument.Parse(text, "my.ipynb"));
        Assert.Contains(reason, error.Message);
        Assert.StartsWith("'my.ipynb' is", error.Message);
        Assert.DoesNotContain('\n', error.Message);
        Assert.DoesNotContain("LineNumber", error.Message);
    }

    [Fact]
    public void Bytes_that_are_no_text_are_refused()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "x.ipynb");
        File.WriteAllBytes(path, [0x7b, 0xff, 0xfe, 0x7d]);
        Assert.Contains("not UTF-8", Assert.Throws<NotebookException>(() => NotebookDocument.Read(path)).Message);
    }

    [Theory]
    [InlineData("""{"kernelspec":{"language":"python","name":"python3"}}""", "python")]
    [InlineData("""{"language_info":{"name":"R"}}""", "R")]
    [InlineData("""{"kernelspec":{"language":"F#","name":".net-fsharp"},"language_info":{"name":"polyglot-notebook"}}""", "F#")]
    public void A_notebook_of_another_language_is_refused_by_name(string metadata, string language)
    {
        var notebook = NotebookDocument.Parse($$"""{"cells":[],"metadata":{{metadata}},"nbformat":4}""", "n");
        var error = Assert.Throws<NotebookException>(() => NotebookLanguage.RequireCSharp(notebook, "my.ipynb"));
        Assert.Contains($"'my.ipynb' is a notebook in {language}", error.Message);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"kernelspec":{"language":"C#","name":"xt-csharp"}}""")]
    [InlineData("""{"kernelspec":{"name":".net-csharp"},"language_info":{"name":"polyglot-notebook"}}""")]
    [InlineData("""{"language_info":{"name":"csharp"}}""")]
    public void A_notebook_in_CSharp_or_of_no_said_language_is_taken(string metadata) =>
        NotebookLanguage.RequireCSharp(NotebookDocument.Parse($$"""{"cells":[],"metadata":{{metadata}},"nbformat":4}""", "n"), "n");
}

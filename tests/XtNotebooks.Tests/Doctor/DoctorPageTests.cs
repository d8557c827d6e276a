namespace XtNotebooks.Tests.Diagnostics;

[Collection(DefaultGenerator.Name)]
public sealed class DoctorPageTests
{
    [Fact]
    public void The_page_of_the_doctor_says_what_the_gallery_shows()
    {
        var file = Path.Combine(Repository(), "docs", "doctor.md");
        var written = DoctorPage.Write();
        if (Environment.GetEnvironmentVariable("XT_ACCEPT_SNAPSHOTS") == "1")
            File.WriteAllText(file, written);
        var (expected, actual) = (File.ReadAllLines(file), written.TrimEnd('\n').Split('\n'));
        for (var i = 0; i < Math.Min(expected.Length, actual.Length); i++)
            Assert.True(expected[i] == actual[i], $"docs/doctor.md, line {i + 1}:\n{expected[i]}\nis now\n{actual[i]}\nIf the change is meant, accept it with XT_ACCEPT_SNAPSHOTS=1.");
        Assert.Equal(expected.Length, actual.Length);
    }

    private static string Repository()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "XtNotebooks.sln")))
                return folder.FullName;
        }
        throw new DirectoryNotFoundException("The tests run outside the repository; docs/doctor.md is not found.");
    }
}

using System.Collections;
using System.Collections.Concurrent;
using XtNotebooks.Kernel.Display;

namespace XtNotebooks.Kernel.Tests.Display;

public class DictionaryTests
{
    public static TheoryData<IDictionary> Dictionaries => [new Dictionary<int, string> { [1] = "<one>" }, new Hashtable { [1] = "<one>" }, new ConcurrentDictionary<int, string> { [1] = "<one>" }];

    [Theory]
    [MemberData(nameof(Dictionaries))]
    public void A_dictionary_of_any_kind_is_shown_by_its_keys_and_values(IDictionary dictionary)
    {
        var bundle = new ValueFormatters().Format(dictionary);
        Assert.Contains("1: \"<one>\"", bundle.Data["text/plain"]);
        Assert.Contains("&lt;one&gt;", bundle.Data["text/html"]);
    }
}
